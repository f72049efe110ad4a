import { z } from 'zod'
import { decimalCast } from './decimal-cast.ts'

/** How a number is written: its decimal mark and the marks that may group thousands. */
export interface NumberStyle { decimal: ',' | '.'; groups: string; indian?: boolean }

const STYLES: Record<string, NumberStyle> = {
  plain: { decimal: '.', groups: '' }, en: { decimal: '.', groups: ', ' }, us: { decimal: '.', groups: ', ' }, gb: { decimal: '.', groups: ', ' },
  in: { decimal: '.', groups: ',', indian: true }, ch: { decimal: '.', groups: "' " }, de: { decimal: ',', groups: '. ' }, at: { decimal: ',', groups: '. ' },
  fr: { decimal: ',', groups: ' .' }, es: { decimal: ',', groups: '. ' }, it: { decimal: ',', groups: '. ' }, nl: { decimal: ',', groups: '. ' }, pt: { decimal: ',', groups: '. ' },
  br: { decimal: ',', groups: '. ' }, pl: { decimal: ',', groups: ' .' }, cz: { decimal: ',', groups: ' .' }, sv: { decimal: ',', groups: ' .' }, ru: { decimal: ',', groups: ' ' }, tr: { decimal: ',', groups: '. ' },
}

export const numberOptions = {
  locale: z.enum(['auto', ...Object.keys(STYLES)] as [string, ...string[]]).default('auto')
    .describe('How numbers are written: plain (1234.56), en (1,234.56), de (1.234,56), fr (1 234,56), ch (1\'234.56), in (12,34,567.00) ...; auto takes what is unambiguous'),
}

/** Marks, currency signs and codes, brackets and spaces removed: a sign, digits and separators are left. */
function bareSql(x: string): string {
  const units = '[\\p{Sc}%‰]|(?:EUR|USD|GBP|CHF|INR|JPY|CNY|CAD|AUD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|RON|TRY|BRL|MXN|ZAR|SGD|HKD|AED|SAR|RUB|US|R|Rs|Fr|SFr|kr|zł|Kč|Ft|lei)\\b\\.?'
  const spaced = `regexp_replace(translate(${x}, '\u00a0\u202f\u2009\u2007\u2019\u02bc\`\u2212\u2013\t', '    ''''''-- '), '^ *([-+(]?) *(?:${units})? *|(?: *(?:${units}|,-|\\.-|[.,]--))? *$', '\\1', 'gi')`
  return `trim(${spaced})`
}

const digits = (style: NumberStyle): string => {
  const marks = style.groups === '' ? null : `[${style.groups.replace('.', '\\.')}]`
  const decimal = style.decimal === '.' ? '\\.' : ','
  const whole = marks === null ? '\\d+' : style.indian ? `(?:\\d+|\\d{1,3}(?:,\\d{2})*,\\d{3})` : `(?:\\d+|\\d{1,3}(?:${style.groups.split('').map((g) => `(?:${g === '.' ? '\\.' : g}\\d{3})+`).join('|')}))`
  return `(?:${whole}(?:${decimal}\\d*)?|${decimal}\\d+)`
}

const plain = (body: string, style: NumberStyle): string =>
  `${style.decimal === ',' ? `replace(regexp_replace(${body}, '[^0-9,]', '', 'g'), ',', '.')` : `regexp_replace(${body}, '[^0-9.]', '', 'g')`}`

/** Which way a number is written when nobody says: both marks present, the later one is the decimal; a comma before exactly three digits could be either and is refused. */
function bodySql(body: string, locale: string): string {
  const style = STYLES[locale]
  if (style) return `CASE WHEN regexp_full_match(${body}, '${digits(style).replaceAll("'", "''")}') THEN ${plain(body, style)} END`
  const en = { decimal: '.', groups: ", '" } as NumberStyle, de = { decimal: ',', groups: ". '" } as NumberStyle
  const test = (style: NumberStyle) => `regexp_full_match(${body}, '${digits(style).replaceAll("'", "''")}')`
  return `CASE WHEN regexp_full_match(${body}, '\\d+|\\d*\\.\\d+|\\d+\\.') THEN ${body} WHEN regexp_full_match(${body}, '0*[1-9]\\d{0,2},\\d{3}') THEN NULL WHEN regexp_full_match(${body}, '0+,\\d+') THEN ${plain(body, de)} WHEN ${test(en)} THEN ${plain(body, en)} WHEN ${test(de)} THEN ${plain(body, de)} END`
}

/** DECIMAL(38,9) read from text in a locale: `(12.50)`, `12.50-`, `€ 1.234,56`, `1'234.50`, `1e-3`; NULL for what is no number. */
export function numberSql(x: string, locale: string): string {
  const at = (list: string, variable: string, body: string) => `list_transform([${list}], lambda ${variable}: ${body})[1]`
  const signed = (b: string) => {
    const inner = `trim(regexp_replace(${b}, '^[-+(]|[-+)]$', '', 'g'))`
    const negative = `(${b} LIKE '-%' OR ${b} LIKE '%-' OR ${b} LIKE '(%')`
    const wellFormed = `regexp_full_match(${b}, '[-+]?[^-+()]*|[^-+()]*[-+]|\\([^-+()]*\\)')`
    return `CASE WHEN ${wellFormed} THEN ${at(inner, 'd', `CASE WHEN d IS NOT NULL THEN ${at(`CASE WHEN ${negative} THEN '-' ELSE '' END || (${bodySql('d', locale)})`, 'm', decimalCast('m'))} END`)} END`
  }
  const science = `CASE WHEN regexp_full_match(trim(${x}), '[-+]?\\d+(\\.\\d+)?[eE][-+]?\\d{1,3}') THEN TRY_CAST(TRY_CAST(trim(${x}) AS DOUBLE) AS DECIMAL(38,9))`
  return `CASE WHEN regexp_full_match(${x}, '-?\\d{1,25}(\\.\\d{1,9})?')${locale === 'auto' || STYLES[locale]?.decimal === '.' ? '' : ` AND ${x} NOT LIKE '%.%'`} THEN ${decimalCast(x)} ELSE ${science} ELSE ${at(bareSql(x), 'b', signed('b'))} END END`
}
