import { Staging } from '../../src/staging/staging.ts'
import { batches, openLane } from '../targets/express-setup.ts'

/** A process that loads what a staging file has predicted and may be killed at any moment: `express-child.ts PORT STAGING DOCTYPE SIZE`. Says `ready` before the first batch. */
const [port = '', path = '', doctype = '', size = '1'] = process.argv.slice(2)
const staging = await Staging.open(path), lane = openLane({ host: '127.0.0.1', port: Number(port), user: 'root', password: 'private-secret' }, 'site', staging, { retries: 8 })
const all = await batches(staging, doctype, Number(size))
process.stdout.write('ready\n')
for (const batch of all) {
  const refused = (await lane.write(batch)).find((one) => one.status === 'refused')
  if (refused !== undefined) throw new RangeError(JSON.stringify(refused))
}
await lane.close()
await staging.close()
process.stdout.write('done\n')
