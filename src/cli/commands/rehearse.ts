import type { Command } from 'commander'
import { LandfallError } from '../../errors/error.ts'
import { fixedClock, systemClock } from '../../model/clock.ts'
import { parseFaults } from '../../standin/faults.ts'
import { DEFAULT_TOKEN, startStandin } from '../../standin/server.ts'
import { environmentOf } from '../environment.ts'

interface Options { serve?: boolean; port: string; host: string; site?: string; store: string; token: string; faults?: string; now?: string }

/** `rehearse --serve`: the rehearsal site over HTTP, until Ctrl-C. */
export function register(program: Command, signal: AbortSignal): void {
  program.command('rehearse').description('Serve the rehearsal site over HTTP as Frappe\'s REST API: a stand-in for trying integrations without an ERPNext.')
    .option('--serve', 'serve it, until Ctrl-C')
    .option('--port <n>', 'port; 0: any that is free', '8800')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--site <folder>', 'folder describing the site; default: the shipped one')
    .option('--store <file>', 'file the site is kept in, or `memory`: gone at the end', 'memory')
    .option('--token <key:secret>', 'API key and secret of its Administrator', DEFAULT_TOKEN)
    .option('--faults <list>', 'what goes wrong: reset, drop (done, answer lost), 429, 503, deadlock, slow; as KIND:RATE or KIND@NUMBER, with seed=N and `control` for /standin/faults; e.g. drop:0.05,429:0.1(2),seed=7')
    .option('--now <date>', 'the day the site pretends to be; default: today')
    .addHelpText('after', '\nExamples:\n  $ landfall rehearse --serve\n  $ landfall rehearse --serve --port 8800 --faults 429:0.05,drop@7')
    .action(async (options: Options, command: Command) => {
      const { terminal } = environmentOf(command, signal)
      const port = Number(options.port)
      if (options.serve !== true) throw new LandfallError('usage', 'rehearse needs --serve.', { hint: 'The migration into the rehearsal site is `landfall run`; its HTTP interface is `landfall rehearse --serve`.' })
      if (!Number.isInteger(port) || port < 0 || port > 65535) throw new LandfallError('usage', `--port ${options.port} is no port.`, { hint: 'landfall rehearse --serve --port 8800' })
      if (!/^[^:\s]+:[^:\s]+$/.test(options.token)) throw new LandfallError('usage', '--token is of the form key:secret.', { hint: `landfall rehearse --serve --token ${DEFAULT_TOKEN}` })
      const standin = await startStandin({
        site: options.site ?? null, token: options.token, storePath: options.store === 'memory' ? null : options.store, host: options.host, port,
        clock: options.now === undefined ? systemClock : fixedClock(options.now), ...(options.faults === undefined ? {} : { faults: parseFaults(options.faults) }),
      })
      try {
        if (terminal.json) terminal.emit({ type: 'serving', url: standin.url, token: options.token })
        else {
          terminal.print(`The rehearsal site is at ${standin.url} (Ctrl-C ends it). For example:`)
          terminal.print(`  curl -H 'Authorization: token ${options.token}' ${standin.url}/api/resource/Customer`)
          terminal.print(`  curl -H 'Authorization: token ${options.token}' -H 'Content-Type: application/json' -d '{"customer_name": "New One"}' ${standin.url}/api/resource/Customer`)
        }
        await new Promise<void>((done) => { if (signal.aborted) done(); else signal.addEventListener('abort', () => done(), { once: true }) })
      } finally {
        await standin.close()
      }
      if (!terminal.json) terminal.print(`Ended after ${standin.counters.requests} requests.`)
    })
}
