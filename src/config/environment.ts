/** The one door to the process environment. Undefined when unset; an empty value counts as unset. */
export function environment(name: string): string | undefined {
  const value = process.env[name]
  return value === undefined || value === '' ? undefined : value
}

/** The environment for child processes, with additions. */
export function childEnvironment(additions: Record<string, string>): Record<string, string | undefined> {
  return { ...process.env, ...additions }
}
