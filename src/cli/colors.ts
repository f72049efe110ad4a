import pico from 'picocolors'
import { environment } from '../config/environment.ts'

const watched = process.stdout.isTTY === true && process.stderr.isTTY === true && environment('TERM') !== 'dumb'

/** Colours for a person at a terminal; what is kept in a file or a CI log stays plain text (picocolors itself would colour whenever `CI` is set). */
export const colors = pico.createColors(environment('NO_COLOR') === undefined && (environment('FORCE_COLOR') !== undefined || watched))
