import { parsePhoneNumberWithError, ParseError } from 'libphonenumber-js/max'
import type { Problem } from './formats.ts'

/** Frappe's check of Phone fields: an international number that exists. */
export function phoneNumberProblem(text: string, fieldname: string): Problem {
  try {
    if (parsePhoneNumberWithError(text).isValid()) return null
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    if (error.message === 'INVALID_COUNTRY') return { type: 'InvalidPhoneNumberError', message: `Please select a country code for field ${fieldname}.` }
  }
  return { type: 'InvalidPhoneNumberError', message: `Phone Number ${text} set in field ${fieldname} is not valid.` }
}
