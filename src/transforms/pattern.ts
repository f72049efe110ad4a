import { z } from 'zod'

/** What RE2, the engine behind the SQL, does not know although JavaScript does. */
const NOT_IN_RE2 = /\(\?<?[=!]|\\[1-9]|\(\?>|[*+?}]\+/

/** A regular expression both JavaScript and RE2 accept, so that a bad one is an error of the mapping, not of the run. */
export const pattern = z.string().min(1).max(1000).refine((text) => {
  try {
    new RegExp(text.replace(/^\(\?[imsU]+\)/, '').replace(/\(\?P</g, '(?<').replace(/\\x\{([0-9a-fA-F]+)\}/g, '\\u{$1}'), 'u')
    return !NOT_IN_RE2.test(text)
  } catch {
    return false
  }
}, 'not a regular expression (RE2: no look-around, no back references)')
