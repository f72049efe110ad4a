/** Words a date may hold beside its parts. */
const JUMPS = new Set(['at', 'on', 'and', 'ad', 'm', 't', 'of', 'st', 'nd', 'rd', 'th'])
const MONTHS = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december']
const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']
/** Zones, halves of the day and units of time: of no matter to the date. */
const QUIET = new Set(['am', 'pm', 'a', 'p', 'utc', 'gmt', 'z', 'h', 'hour', 'hours', 'minute', 'minutes', 's', 'second', 'seconds'])

function monthOf(word: string): number {
  return word === 'sept' ? 9 : word.length === 3 ? MONTHS.findIndex((month) => month.startsWith(word)) + 1 : MONTHS.indexOf(word) + 1
}

const isWeekday = (word: string) => WEEKDAYS.some((day) => day === word || (word.length === 3 && day.startsWith(word)))

interface Parts { values: number[]; month: number; century: boolean }

/** Numbers of the text in order, with the place of a month given by name; null for a word no date holds. */
function partsOf(text: string): Parts | null {
  const parts: Parts = { values: [], month: -1, century: false }
  const rest = text.replace(/\d{1,2}:\d{1,2}(:\d{1,2}([.,]\d+)?)?\s*([+-]\d{2}:?\d{0,2})?/g, ' ')
  for (const token of rest.match(/[A-Za-z]+|\d+|[^\sA-Za-z\d]/g) ?? []) {
    if (/^\d+$/.test(token)) {
      const cut = token.length === 6 ? [2, 2, 2] : token.length === 8 || token.length === 12 || token.length === 14 ? [4, 2, 2] : token.length <= 4 ? [token.length] : null
      if (cut === null) return null
      let at = 0
      for (const length of cut) {
        if (length > 2) parts.century = true
        parts.values.push(Number(token.slice(at, at += length)))
      }
    } else if (/^[A-Za-z]+$/.test(token)) {
      const word = token.toLowerCase(), month = monthOf(word)
      if (month > 0) {
        if (parts.month >= 0) return null
        parts.month = parts.values.push(month) - 1
      } else if (!JUMPS.has(word) && !isWeekday(word) && !(QUIET.has(word) && rest !== text)) return null
    } else if (!/[-/.,;'" ()]/.test(token)) return null
  }
  return parts.values.length === 0 && rest === text || parts.values.length > 3 ? null : parts
}

type Resolved = { year?: number | undefined; month?: number | undefined; day?: number | undefined }

/** Which number is the year, which the month, which the day, as dateutil guesses (month before day). */
function resolve({ values, month }: Parts): Resolved {
  const [a, b, c] = values
  if (values.length === 0) return {}
  if (values.length === 1) return month === 0 ? { month: a } : a! > 31 ? { year: a } : { day: a }
  if (values.length === 2) {
    if (month >= 0) { const other = month === 0 ? b! : a!; return other > 31 ? { month: values[month], year: other } : { month: values[month], day: other } }
    return a! > 31 ? { year: a, month: b } : b! > 31 ? { month: a, year: b } : { month: a, day: b }
  }
  if (month === 0) return b! > 31 ? { month: a, year: b, day: c } : { month: a, day: b, year: c }
  if (month === 1) return a! > 31 ? { year: a, month: b, day: c } : { day: a, month: b, year: c }
  if (month === 2) return b! > 31 ? { day: a, year: b, month: c } : { year: a, day: b, month: c }
  return a! > 31 ? { year: a, month: b, day: c } : a! > 12 ? { day: a, month: b, year: c } : { month: a, day: b, year: c }
}

/** The date (`YYYY-MM-DD`) Python's dateutil reads in a text; what the text leaves out is today's (`YYYY-MM-DD`). Null where it reads none. */
export function readPythonDate(text: string, today: string): string | null {
  const parts = partsOf(text)
  if (parts === null) return null
  const found = resolve(parts), [thisYear, thisMonth, thisDay] = today.split('-').map(Number) as [number, number, number]
  let year = found.year ?? thisYear
  if (found.year !== undefined && year < 100 && !parts.century) {
    year += Math.floor(thisYear / 100) * 100
    if (year >= thisYear + 50) year -= 100
    else if (year < thisYear - 50) year += 100
  }
  const month = found.month ?? thisMonth
  if (year < 1 || year > 9999 || month < 1 || month > 12) return null
  const days = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate(), day = found.day ?? Math.min(thisDay, days)
  if (day < 1 || day > days) return null
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
}
