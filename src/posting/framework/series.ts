/** Parts of a naming series: what Frappe's parse_naming_series does with `PRE-.YYYY.-.{field}.-.#####`. */
export interface SeriesContext {
  /** `YYYY-MM-DD` of the site's now, and its full `YYYY-MM-DD HH:MM:SS.ffffff`. */
  today: string
  now: string
  /** Value of a document's field; undefined when it has none of that name (the part then stands for itself). */
  value(field: string): string | number | boolean | bigint | null | undefined
  /** Next number of a prefix. */
  next(prefix: string): number
}

/** ISO week, with the first and last days of the year kept in their own year (`00`, `53`). */
export function weekNumber(today: string): string {
  const date = new Date(`${today}T00:00:00Z`), day = (date.getUTCDay() + 6) % 7
  const thursday = new Date(date.getTime() + (3 - day) * 86_400_000)
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1)
  const week = 1 + Math.floor((thursday.getTime() - first) / 604_800_000), month = date.getUTCMonth() + 1
  if (month === 1 && week >= 52) return '00'
  if (month === 12 && week <= 1) return '53'
  return String(week).padStart(2, '0')
}

/** Completes a series without a number part. */
export function completeSeries(series: string): string {
  return series.includes('#') ? series : `${series}.#####`
}

/** Null when fine, else what NamingSeries.validate says about it. */
export function seriesError(series: string): string | null {
  if (!series.includes('.')) return `Invalid naming series ${series}: dot (.) missing`
  if (!/^[\p{L}\p{N}_\- /.#{}]+$/u.test(series)) return `Special Characters except '-', '#', '.', '/', '{' and '}' not allowed in naming series ${series}`
  return null
}

/** The name a series gives. Only the first run of `#` counts. */
export function expandSeries(series: string, context: SeriesContext): string {
  let name = '', counted = false
  for (const part of series.split('.')) {
    if (part === '') continue
    name += expandPart(part, name, context, () => { const fresh = !counted; counted = true; return fresh })
  }
  return name
}

/** One part of a series; `prefix` is the name so far, `first` tells (once) whether a number may still be drawn. */
export function expandPart(part: string, prefix: string, context: SeriesContext, first: () => boolean): string {
  if (part.startsWith('#')) return first() ? String(context.next(prefix)).padStart(part.length, '0') : ''
  const [year, month, day] = context.today.split('-') as [string, string, string]
  switch (part) {
    case 'YY': return year.slice(2)
    case 'MM': return month
    case 'DD': return day
    case 'YYYY': return year
    case 'WW': return weekNumber(context.today)
    case 'timestamp': return context.now
  }
  const field = part.replaceAll('{', '').replaceAll('}', ''), value = context.value(field)
  if (part.startsWith('{') || value !== undefined) {
    if (value === null || value === undefined) return ''
    return typeof value === 'string' ? value : String(value).trim()
  }
  return part
}

/** Fields a series could mean: its parts that are no number and no date. */
export function seriesFields(series: string): string[] {
  return series.split('.').map((part) => part.replaceAll('{', '').replaceAll('}', '')).filter((part) => part !== '' && !part.startsWith('#'))
}

/** `format:LOG-{MM}-{field}-{#####}`: every braced part is expanded on its own, numbers without a prefix. */
export function expandFormat(format: string, context: SeriesContext): string {
  return format.replace(/\{[\p{L}\p{N}_ |#]+\}/gu, (match) => expandSeries(match.slice(1, -1), context))
}
