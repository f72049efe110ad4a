import { formatDecimal, parseDecimal } from '../../model/decimal.ts'

/** How a number format shows a number: as a number, or as a moment with these parts. */
export interface NumberLook { date: boolean; time: boolean; elapsed: boolean }

const NUMBER: NumberLook = { date: false, time: false, elapsed: false }
const BUILT_IN_DATES = new Set([14, 15, 16, 17, 27, 28, 29, 30, 31, 34, 35, 36, 50, 51, 52, 53, 54, 55, 56, 57, 58])
const BUILT_IN_TIMES = new Set([18, 19, 20, 21, 32, 33, 45, 47])
const LAST_DAY = 2958465

/** The look of a built-in format by its number, or of a format code. */
export function lookOf(id: number, code: string | undefined): NumberLook {
  if (code === undefined) {
    if (BUILT_IN_DATES.has(id)) return { date: true, time: false, elapsed: false }
    if (id === 22) return { date: true, time: true, elapsed: false }
    if (id === 46) return { date: false, time: true, elapsed: true }
    return BUILT_IN_TIMES.has(id) ? { date: false, time: true, elapsed: false } : NUMBER
  }
  const first = code.split(';')[0] ?? ''
  const elapsed = /\[(h+|m+|s+)\]/i.test(first)
  const bare = first.replace(/"[^"]*"/g, '').replace(/\\./g, '').replace(/_./g, '').replace(/\*./g, '').replace(/\[(h+|m+|s+)\]/gi, '$1').replace(/\[[^\]]*\]/g, '').replace(/general/gi, '').replace(/am\/pm|a\/p/gi, 'h')
  if (!/[ymdhs]/i.test(bare) || /[#?]/.test(bare) || /0/.test(bare.replace(/s\.?0+/gi, ''))) return NUMBER
  const time = elapsed || /[hs]/i.test(bare)
  // An m beside hours or seconds means minutes.
  return { date: /[yd]/i.test(bare) || (/m/i.test(bare) && !time), time, elapsed }
}

/** A number as its text: whole numbers as written, others in the 15 digits Excel keeps and shows (0.30000000000000004 is 0.3). */
export function numberText(raw: string): string {
  const text = raw.trim()
  if (/^-?\d+$/.test(text)) return text
  const value = Number(text)
  if (text === '' || !Number.isFinite(value)) return text
  const decimal = parseDecimal(String(Number(value.toPrecision(15))))
  return decimal === null ? text : formatDecimal(decimal)
}

const two = (n: number) => String(n).padStart(2, '0')

/** A date serial as `YYYY-MM-DD`, `YYYY-MM-DD HH:MM:SS[.fff]` or `HH:MM:SS[.fff]`; the number itself where it is no moment. `epoch1904`: the workbook counts from 1904. */
export function momentText(raw: string, look: NumberLook, epoch1904: boolean): string {
  const serial = Number(raw)
  if (!Number.isFinite(serial) || serial < 0 || serial > LAST_DAY + 1) return numberText(raw)
  let day = Math.floor(serial), ms = Math.round((serial - day) * 86_400_000)
  if (ms === 86_400_000) { day++; ms = 0 }
  const clock = (hours: number) => `${two(hours)}:${two(Math.floor(ms / 60_000) % 60)}:${two(Math.floor(ms / 1000) % 60)}${ms % 1000 === 0 ? '' : `.${String(ms % 1000).padStart(3, '0')}`}`
  const hours = Math.floor(ms / 3_600_000)
  if (look.elapsed) return clock(day * 24 + hours)
  if (!look.date && day === 0) return clock(hours)
  const date = dayText(day, epoch1904)
  return ms === 0 && !look.time ? date : `${date} ${clock(hours)}`
}

/** Excel believes that 1900 was a leap year: day 60 never was, and days before it are one off. */
function dayText(serial: number, epoch1904: boolean): string {
  if (!epoch1904 && serial === 60) return '1900-02-29'
  const days = epoch1904 ? serial + 1462 : serial < 60 ? serial + 1 : serial
  return new Date((days - 25569) * 86_400_000).toISOString().slice(0, 10)
}

/** Control characters stand as `_x000D_` in the file, and a real `_x000D_` as `_x005F_x000D_`. */
export function unescapeText(text: string): string {
  return text.includes('_x') ? text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))) : text
}
