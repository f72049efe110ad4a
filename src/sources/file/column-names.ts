/** Staging's own column, and the reason names must differ by more than case: staging compares them without case. */
const RESERVED = '_row'

/**
 * Makes names of columns out of header cells: unnamed ones become `column_3`, the second `Name` becomes `Name_2`, control characters become
 * spaces. `notes` says what was changed.
 */
export function uniqueNames(cells: readonly string[]): { names: string[]; notes: string[] } {
  const taken = new Set<string>([RESERVED]), notes: string[] = []
  // Names that stand in the header as they are come first, so that `a, a, a_2` does not rename the third.
  const literal = new Set(cells.map((cell) => clean(cell).toLowerCase()))
  let unnamed = 0, doubled = 0
  const names = cells.map((cell, i) => {
    const base = clean(cell) || `column_${i + 1}`
    if (clean(cell) === '') unnamed++
    let name = base
    for (let n = 2; taken.has(name.toLowerCase()) || (name !== base && literal.has(name.toLowerCase())); n++) name = `${base}_${n}`
    taken.add(name.toLowerCase())
    if (name !== base && ++doubled <= 5) notes.push(`column ${i + 1} is a second \`${base}\`, read as \`${name}\``)
    return name
  })
  if (doubled > 5) notes.push(`${doubled - 5} more columns with a name that is there already were numbered`)
  if (unnamed > 0) notes.push(`${unnamed} columns have no name in the header, read as \`column_<position>\``)
  return { names, notes }
}

function clean(cell: string): string {
  return cell.replace(/[\u0000-\u001f\u007f\ufeff]+/g, ' ').trim().slice(0, 200)
}
