import { existsSync } from 'node:fs'

/** Debian's Chromium; `landfall test` installs it when it is missing. */
export function chromiumPath(): string {
  const found = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path))
  if (found === undefined) throw new Error('Chromium is not installed: run `landfall test`, or install the package `chromium`.')
  return found
}
