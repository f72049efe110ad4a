import { colors } from './colors.ts'
import type { ProgressEvent, Scope } from '../phases/phase.ts'
import { formatCount, formatSeconds, type Terminal } from './terminal.ts'

const LINE_EVERY_MS = 5000

/**
 * Shows what a run tells: one live line that rewrites itself and a line per finished piece of work for a person at a terminal; plain lines, at most
 * one every five seconds per piece, without one; every event as JSON for machines; warnings only when quiet.
 */
export class Progress {
  readonly #terminal: Terminal
  readonly #elapsed: () => number
  #open = false
  #lastLine = 0

  constructor(terminal: Terminal, elapsed: () => number) {
    this.#terminal = terminal
    this.#elapsed = elapsed
  }

  show(event: ProgressEvent): void {
    if (this.#terminal.json) return this.#terminal.emit(event)
    switch (event.type) {
      case 'run-started': return this.#line(`${event.resumed ? 'Going on with' : 'Run'} ${colors.bold(event.run)} of ${event.project}`)
      case 'progress': return this.#progress(event)
      case 'step-ended': {
        if (event.done === 0 && event.errors === 0) return this.#clear()
        const rate = event.done / Math.max(event.milliseconds / 1000, 0.001)
        return this.#line(`${event.errors > 0 ? colors.yellow('!') : colors.green('✓')} ${label(event.scope).padEnd(48)} ${formatCount(event.done).padStart(11)}  ${formatSeconds(event.milliseconds).padStart(8)}  ${`${formatCount(rate)}/s`.padStart(11)}${event.errors > 0 ? colors.yellow(`  ${formatCount(event.errors)} with errors`) : ''}`)
      }
      case 'note': return this.#line(event.level === 'warning' ? `${colors.yellow('!')} ${event.message}` : `  ${event.message}`, event.level === 'warning')
      case 'retry': return this.#line(`${colors.yellow('↻')} ${label(event.scope)}: ${event.message.split('\n')[0]}; attempt ${event.attempt + 1} in ${formatSeconds(event.waitMs)}`, true)
      case 'run-ended': return this.#line(`Run ${event.run}: ${event.status} in ${formatSeconds(event.milliseconds)}`)
      default: return undefined
    }
  }

  /** Removes the live line; called before anything else is printed. */
  close(): void {
    this.#clear()
  }

  #progress(event: ProgressEvent & { type: 'progress' }): void {
    const of = event.total === null ? '' : ` of ${formatCount(event.total)}`
    const left = event.etaSeconds === null ? '' : `, ${formatSeconds(event.etaSeconds * 1000)} left`
    const text = `  ${label(event.scope)}: ${formatCount(event.done)}${of}, ${formatCount(event.rate)}/s${left}${event.errors > 0 ? `, ${formatCount(event.errors)} errors` : ''}`
    if (this.#terminal.live) {
      const width = process.stderr.columns ?? 80
      process.stderr.write(`\r\u001b[2K${text.slice(0, width - 1)}`)
      this.#open = true
      return
    }
    const now = this.#elapsed()
    if (now - this.#lastLine < LINE_EVERY_MS) return
    this.#lastLine = now
    this.#terminal.say(text)
  }

  #line(text: string, important = false): void {
    this.#clear()
    if (important && this.#terminal.quiet) process.stderr.write(`${text}\n`)
    else this.#terminal.say(text)
  }

  #clear(): void {
    if (this.#open) process.stderr.write('\r\u001b[2K')
    this.#open = false
  }
}

function label(scope: Scope): string {
  const place = scope.phase === undefined ? '' : ` ${scope.phase}${scope.wave === undefined ? '' : ` wave ${scope.wave}`}`
  return `${scope.step}${place}${scope.subject === undefined ? '' : ` · ${scope.subject}`}`
}
