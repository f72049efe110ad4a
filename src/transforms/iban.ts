import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const iban = defineTransform({
  name: 'iban', about: 'An IBAN without spaces whose check digits are right.', options: z.strictObject({}), output: 'VARCHAR',
  apply: (value) => {
    if (value === null) return null
    const code = value.replace(/^iban:?/i, '').replace(/[\s.-]/g, '').toUpperCase()
    if (!/^[A-Z]{2}\d{2}[A-Z0-9]{10,30}$/.test(code)) return null
    const digits = (code.slice(4) + code.slice(0, 4)).replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55))
    return BigInt(digits) % 97n === 1n ? code : null
  },
})
