import { LandfallError, messageOf } from '../errors/error.ts'
import { didYouMean } from '../model/closest.ts'
import { abs } from './abs.ts'
import { affix } from './affix.ts'
import { barcode } from './barcode.ts'
import { boolean } from './boolean.ts'
import { collapseSpaces } from './collapse-spaces.ts'
import { country } from './country.ts'
import { currency } from './currency.ts'
import { date } from './date.ts'
import { decimal } from './decimal.ts'
import { defaultValue } from './default.ts'
import { digits } from './digits.ts'
import { email } from './email.ts'
import { firstName } from './first-name.ts'
import { hash } from './hash.ts'
import { htmlClean } from './html-clean.ts'
import { htmlToText } from './html-to-text.ts'
import { iban } from './iban.ts'
import { integer } from './integer.ts'
import { join } from './join.ts'
import { language } from './language.ts'
import { lastName } from './last-name.ts'
import { left } from './left.ts'
import { lookup } from './lookup.ts'
import { lower } from './lower.ts'
import { middleName } from './middle-name.ts'
import { money } from './money.ts'
import { normalizeUnicode } from './normalize-unicode.ts'
import { nullIf } from './null-if.ts'
import { number } from './number.ts'
import { pad } from './pad.ts'
import { percent } from './percent.ts'
import { phone } from './phone.ts'
import { regexExtract } from './regex-extract.ts'
import { regexReplace } from './regex-replace.ts'
import { replaceText } from './replace.ts'
import { right } from './right.ts'
import { round } from './round.ts'
import { scale } from './scale.ts'
import { sign } from './sign.ts'
import { slug } from './slug.ts'
import { split } from './split.ts'
import { stripAccents } from './strip-accents.ts'
import { stripControl } from './strip-control.ts'
import { stripFormula } from './strip-formula.ts'
import { substring } from './substring.ts'
import { template } from './template.ts'
import { text } from './text.ts'
import { timestamp } from './timestamp.ts'
import { titleCase } from './title-case.ts'
import { trim } from './trim.ts'
import { truncate } from './truncate.ts'
import { unixEpoch } from './unix-epoch.ts'
import { uom } from './uom.ts'
import { upper } from './upper.ts'
import { url } from './url.ts'
import type { Transform } from './transform.ts'

const SHIPPED: readonly Transform[] = [
  abs, affix, barcode, boolean, collapseSpaces, country, currency, date, decimal, defaultValue, digits, email, firstName, hash, htmlClean,
  htmlToText, iban, integer, join, language, lastName, left, lookup, lower, middleName, money, normalizeUnicode, nullIf, number, pad,
  percent, phone, regexExtract, regexReplace, replaceText, right, round, scale, sign, slug, split, stripAccents, stripControl, stripFormula,
  substring, template, text, timestamp, titleCase, trim, truncate, unixEpoch, uom, upper, url,
]

/** A transform with its options checked. */
export interface BoundTransform { transform: Transform; options: Record<string, unknown> }

/** The transforms of a project by name: the shipped ones and its own (see project-transform.ts). */
export class TransformRegistry {
  readonly #byName = new Map<string, Transform>(SHIPPED.map((transform) => [transform.name, transform]))

  /** Adds a project's transform. Throws `transform-invalid` when the name is taken. */
  add(transform: Transform, file: string): void {
    if (this.#byName.has(transform.name)) {
      throw new LandfallError('transform-invalid', `${file}: the name \`${transform.name}\` is taken by another transform.`, { hint: 'Give it a name of its own.', where: { file } })
    }
    this.#byName.set(transform.name, transform)
  }

  /** All transforms, in order of name. */
  all(): Transform[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  find(name: string): Transform | undefined {
    return this.#byName.get(name)
  }

  /** The transform with validated options. Throws `transform-invalid` naming what is wrong and what is allowed. */
  bind(name: string, options: unknown = {}): BoundTransform {
    const transform = this.#byName.get(name)
    if (!transform) {
      throw new LandfallError('transform-invalid', `There is no transform \`${name}\`${didYouMean(name, this.#byName.keys())}.`, { hint: 'docs/reference/transforms.md lists all of them; your own go into the transforms folder.' })
    }
    const given = options !== null && typeof options === 'object' && !Array.isArray(options) ? options : this.#shorthand(transform, options)
    let result
    try {
      result = transform.options.safeParse(given)
    } catch (error) {
      throw new LandfallError('transform-invalid', `The options of transform \`${name}\` cannot be read: ${messageOf(error)}`, { cause: error })
    }
    if (!result.success) {
      const problems = result.error.issues.map((issue) => `${issue.path.length ? `${issue.path.join('.')}: ` : ''}${issue.message}`)
      throw new LandfallError('transform-invalid', `The options of transform \`${name}\` are wrong: ${problems.join('; ')}.`, { hint: transform.about })
    }
    return { transform, options: result.data }
  }

  /** `{left: 3}` gives the first positional option. */
  #shorthand(transform: Transform, value: unknown): Record<string, unknown> {
    const first = transform.positional?.[0]
    if (first === undefined) {
      throw new LandfallError('transform-invalid', `Transform \`${transform.name}\` needs its options by name, e.g. {${transform.name}: {...}}.`, { hint: transform.about })
    }
    return { [first]: value }
  }
}
