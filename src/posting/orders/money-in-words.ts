import { fixed, floatRepr } from './python-number.ts'

/** A currency as the site describes it. */
export interface Currency {
  name: string
  /** Name of its fraction (`Cent`), null when the site has none. */
  fraction: string | null
  fractionUnits: number | null
  smallestFraction: number
  symbol: string | null
  symbolOnRight: boolean
  /** `#,###.##` and the like; null: the site's own. */
  numberFormat: string | null
}

/** How the site writes amounts: decimal sign, grouping sign, decimals. */
const NUMBER_FORMATS: Record<string, [decimal: string, group: string, places: number]> = {
  '#,###.##': ['.', ',', 2], '#.###,##': [',', '.', 2], '# ###.##': ['.', ' ', 2], '# ###,##': [',', ' ', 2], "#'###.##": ['.', "'", 2],
  '#, ###.##': ['.', ', ', 2], '#,##,###.##': ['.', ',', 2], '#,###.###': ['.', ',', 3], '#.###': ['', '.', 0], '#,###': ['', ',', 0], '#.########': ['.', '', 8],
}

/** Decimal sign, grouping sign and decimals of a number format; an unknown one counts as `#,###.##`. */
export function numberFormat(format: string | null): [decimal: string, group: string, places: number] {
  return NUMBER_FORMATS[format ?? '#,###.##'] ?? ['.', ',', 2]
}

const SMALL = [
  'Zero', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine', 'Ten', 'Eleven', 'Twelve', 'Thirteen', 'Fourteen', 'Fifteen', 'Sixteen',
  'Seventeen', 'Eighteen', 'Nineteen',
]
const TENS = ['', '', 'Twenty', 'Thirty', 'Forty', 'Fifty', 'Sixty', 'Seventy', 'Eighty', 'Ninety']
type Scale = readonly (readonly [bigint, string])[]
const WESTERN: Scale = [[10n ** 18n, 'Quintillion'], [10n ** 15n, 'Quadrillion'], [10n ** 12n, 'Trillion'], [10n ** 9n, 'Billion'], [10n ** 6n, 'Million'], [1000n, 'Thousand']]
const INDIAN: Scale = [[10n ** 7n, 'Crore'], [10n ** 5n, 'Lakh'], [1000n, 'Thousand']]

/** Numbers below a thousand, which all others are made of. */
const HUNDREDS = Array.from({ length: 1000 }, (_, n) => {
  const rest = n % 100, low = rest < 20 ? SMALL[rest]! : TENS[Math.floor(rest / 10)]! + (rest % 10 === 0 ? '' : ` ${SMALL[rest % 10]!}`)
  if (n < 100) return low
  return `${SMALL[Math.floor(n / 100)]!} Hundred${rest === 0 ? '' : ` And ${low}`}`
})

function words(value: bigint, scale: Scale): string {
  if (value < 1000n) return HUNDREDS[Number(value)]!
  const [size, name] = scale.find(([limit]) => limit <= value)!
  const head = `${words(value / size, scale)} ${name}`, rest = value % size
  if (rest === 0n) return head
  return `${head}${rest < 100n ? ' And ' : ', '}${words(rest, scale)}`
}

/** A whole number in English words with capitals: `Nine Thousand, Two Hundred And Sixty Three`. */
export function inWords(digits: string, indian = false): string {
  return words(BigInt(digits), indian ? INDIAN : WESTERN)
}

/** An amount (not negative) in English words: `USD Ten and Fifty Cent only.`; `siteFormat` is the site's number format. */
export function moneyInWords(amount: number, currency: Currency, siteFormat: string | null): string {
  if (!Number.isFinite(amount) || amount < 0) return ''
  const format = currency.numberFormat || siteFormat || '#,###.##'
  const [main = '0', fraction = '00'] = fixed(amount, numberFormat(format)[2]).split('.')
  const indian = format === '#,##,###.##', unit = currency.fraction || 'Cent'
  let text: string
  if (main === '0' && (fraction === '00' || fraction === '000')) text = `${currency.name} Zero`
  else if (main === '0') text = `${inWords(fraction, indian)} ${unit}`
  else {
    text = `${currency.name} ${inWords(main, indian)}`
    if (Number(fraction) !== 0) text += ` and ${inWords(fraction, indian)} ${unit}`
  }
  return `${text} only.`
}

export interface MoneyFormat {
  /** The site's number format and currency precision (0: the format's own). */
  format: string | null
  currencyPrecision: number
  hideSymbol: boolean
}

/** An amount with grouping and symbol as the site prints it: `$ 1,310.00`. */
export function formatMoney(amount: number, currency: Currency, settings: MoneyFormat): string {
  const [decimal, group, own] = numberFormat(settings.format)
  let places = settings.currencyPrecision || own
  if (decimal !== '' && places > 2) places = shownPlaces(amount, places, currency)
  const text = fixed(Number(fixed(amount, places)), places)
  const negative = Number(text) < 0, [whole = '0', decimals = ''] = text.replace('-', '').split('.')
  const width = settings.format === '#,##,###.##' ? 2 : 3, parts: string[] = []
  let left = whole
  if (left.length > 3) {
    parts.unshift(left.slice(-3))
    left = left.slice(0, -3)
    while (left.length > width) {
      parts.unshift(left.slice(-width))
      left = left.slice(0, -width)
    }
  }
  parts.unshift(left)
  let out = parts.join(group) + (places > 0 && decimal !== '' ? decimal + decimals : '')
  if (out !== '0' && negative) out = `-${out}`
  if (settings.hideSymbol) return out
  const symbol = currency.symbol || currency.name
  return currency.symbolOnRight ? `${out} ${symbol}` : `${symbol} ${out}`
}

/** With more than two decimals the site shows only as many as the amount has, but at least the currency's own. */
function shownPlaces(amount: number, places: number, currency: Currency): number {
  const rest = amount - Math.floor(amount), [, decimals = '0'] = floatRepr(Number(fixed(rest, places))).split('.')
  if (decimals.length < 3) return String(currency.fractionUnits || 100).length - 1
  return Math.min(places, decimals.length)
}
