import { z } from 'zod'
import { defineTransform } from './transform.ts'

export const url = defineTransform({
  name: 'url', about: 'A web address with its scheme: www.example.com becomes https://www.example.com; other schemes than http and https are refused.',
  options: z.strictObject({ scheme: z.enum(['https', 'http']).default('https').describe('For addresses without one') }), output: 'VARCHAR', positional: ['scheme'],
  apply: (value, o) => {
    if (value === null) return null
    const text = value.trim().replace(/^(?:[^#]*)#(https?:[^#]+)#.*$/i, '$1')
    if (text === '' || /\s/.test(text)) return null
    const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `${o.scheme}://${text.replace(/^\/\//, '')}`
    let parsed: URL
    try {
      parsed = new URL(full)
    } catch {
      return null
    }
    if (!/^https?:$/.test(parsed.protocol) || !/^(?:[^.]+\.)+[^.\d][^.]*$|^\d+(\.\d+){3}$|^localhost$/.test(parsed.hostname) || parsed.username !== '') return null
    return parsed.pathname === '/' && parsed.search === '' && parsed.hash === '' ? `${parsed.protocol}//${parsed.host}` : parsed.href
  },
})
