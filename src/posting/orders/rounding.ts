import { LandfallError } from '../../errors/error.ts'
import { fixed } from './python-number.ts'
import type { Round } from './totals-batch.ts'

/** Python's `round(value)`: halves to even. */
function toEven(value: number): number {
  const floor = Math.floor(value), rest = value - floor
  return rest < 0.5 ? floor : rest > 0.5 ? floor + 1 : floor % 2 === 0 ? floor : floor + 1
}

/** Half to even once the noise of binary fractions is cut off at the 12th decimal. */
const bankers: Round = (value, precision) => {
  const scale = 10 ** precision, scaled = value * scale
  const floor = Math.floor(scaled), rest = scaled - floor
  // Far from a half the noise (which grows with the amount) cannot matter; this is nearly every amount there is. + 0 turns -0 into 0.
  const near = 1e-9 + Math.abs(scaled) * 2.3e-16
  if (rest < 0.5 - near) return floor / scale + 0
  if (rest > 0.5 + near) return (floor + 1) / scale + 0
  // From 8,192 on a double has no 12th decimal to cut.
  const clean = Math.abs(scaled) < 8192 ? Number(scaled.toFixed(12)) : scaled
  if (clean === 0 || Number.isNaN(clean)) return clean === 0 ? 0 : clean
  const whole = Math.floor(clean), noise = 2 ** (Math.log2(Math.abs(clean)) - 52)
  if (Math.abs(clean - whole - 0.5) < noise) return (whole % 2 === 0 ? whole : whole + 1) / scale
  return toEven(clean) / scale
}

/** Frappe's older bankers' rounding: 8 decimals, and a half goes up except for whole numbers. */
const legacy: Round = (value, precision) => {
  const scale = 10 ** precision, clean = Number((precision > 0 ? value * scale : value).toFixed(8)), floor = Math.floor(clean)
  const whole = clean - floor === 0.5 ? (precision === 0 && floor % 2 === 0 ? floor : floor + 1) : toEven(clean)
  return precision > 0 ? whole / scale : whole
}

/** Halves away from zero. */
const commercial: Round = (value, precision) => {
  if (value === 0) return 0
  const noise = 2 ** (Math.log2(Math.abs(value)) - 52)
  return Number(fixed(value + Math.sign(value) * noise, precision))
}

const METHODS: Record<string, Round> = { "Banker's Rounding": bankers, "Banker's Rounding (legacy)": legacy, 'Commercial Rounding': commercial }

/** The site's `flt(value, precision)` by the name of its rounding method (System Settings); none set means the legacy one. Throws `site-invalid` for an unknown name. */
export function roundingFor(method: string | null): Round {
  const round = METHODS[method || "Banker's Rounding (legacy)"]
  if (!round) throw new LandfallError('site-invalid', `The site names an unknown rounding method: ${method}`, { hint: 'System Settings, Rounding Method.' })
  return round
}
