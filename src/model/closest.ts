/** Edits between two texts; two swapped neighbours count as one. */
function edits(a: string, b: string): number {
  let before: number[] = [], row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      let least = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, (before[j - 2] ?? 0) + 1)
      next.push(least)
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}

/** The candidate within about a third of its length in edits of what was found, or null. */
export function closest(found: string, candidates: Iterable<string>): string | null {
  let best: string | null = null, least = Infinity
  for (const candidate of candidates) {
    const distance = edits(found.toLowerCase().slice(0, 80), candidate.toLowerCase().slice(0, 80))
    if (distance < least) { least = distance; best = candidate }
  }
  return best !== null && least <= Math.max(1, Math.floor(Math.max(best.length, found.length) / 3)) ? best : null
}

/** ` (did you mean "x"?)`, or ''. */
export function didYouMean(found: string, candidates: Iterable<string>): string {
  const near = closest(found, candidates)
  return near === null ? '' : ` (did you mean "${near}"?)`
}
