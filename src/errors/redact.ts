/** Secrets known to this process; `redact` removes them by value from any text that leaves it. Shorter than 4 characters is not a secret. */
const secrets = new Set<string>()

export function registerSecret(value: string): void {
  if (value.length >= 4) {
    secrets.add(value)
    secrets.add(encodeURIComponent(value))
    secrets.add(Buffer.from(value).toString('base64'))
  }
}

export function redact(text: string): string {
  let clean = text
  for (const secret of [...secrets].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(secret, '[redacted]')
  return clean.replace(/\b([a-z][a-z0-9+]*:\/\/[^\s:@/]+):[^\s@/]+@/gi, '$1:[redacted]@')
}
