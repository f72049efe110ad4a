import type { Kind } from './plan.ts'

const pad = (text: string, length = 2) => text.padStart(length, '0')

/** A text as MariaDB's strict mode reads it into a DATE, DATETIME or TIME column; null when it is refused. */
export function readMoment(text: string, kind: Kind): string | null {
  const trimmed = text.trim()
  if (kind === 'time') {
    const match = /^(\d{1,3}):(\d{1,2})(?::(\d{1,2})(\.\d{1,6})?)?$/.exec(trimmed)
    if (!match || Number(match[1]) > 23 || Number(match[2]) > 59 || Number(match[3] ?? 0) > 59) return null
    return `${pad(match[1]!)}:${pad(match[2]!)}:${pad(match[3] ?? '0')}${match[4] ?? ''}`
  }
  let parts: RegExpExecArray | null
  if (/^\d{8}$/.test(trimmed)) parts = /^(\d{4})(\d\d)(\d\d)()$/.exec(trimmed)
  else if (/^\d{14}$/.test(trimmed)) parts = /^(\d{4})(\d\d)(\d\d)(\d{6})$/.exec(trimmed)
  else if (/^\d{6}$/.test(trimmed)) parts = /^(\d\d)(\d\d)(\d\d)()$/.exec(trimmed)
  else parts = /^(\d{4}|\d{1,2})[^\w\s](\d{1,2})[^\w\s](\d{1,2})(?:[T ]+(\d.*))?$/.exec(trimmed)
  if (parts === null) return null
  const yearText = parts[1]!, year = yearText.length === 4 ? Number(yearText) : Number(yearText) < 70 ? 2000 + Number(yearText) : 1900 + Number(yearText)
  const month = Number(parts[2]), day = Number(parts[3])
  if (month < 1 || month > 12 || day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return null
  const date = `${pad(String(year), 4)}-${pad(String(month))}-${pad(String(day))}`
  const rest = parts[4] ?? ''
  if (kind === 'date') return rest === '' || /^\d/.test(rest) ? date : null
  if (rest === '') return `${date} 00:00:00`
  const time = /^(\d{1,2}):?(\d{1,2})(?::?(\d{1,2})(\.\d+)?)?$/.exec(rest)
  if (!time || Number(time[1]) > 23 || Number(time[2]) > 59 || Number(time[3] ?? 0) > 59) return null
  return `${date} ${pad(time[1]!)}:${pad(time[2]!)}:${pad(time[3] ?? '0')}${(time[4] ?? '').slice(0, 7)}`
}
