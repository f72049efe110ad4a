import { openBenchLane } from '../../src/targets/bench/lane.ts'
import { things } from '../targets/fake-bench.ts'

/** A process that writes things through a bench and may be killed at any moment: `bench-child.ts FOLDER THINGS`. Says `ready` before the first document. */
const [folder = '', count = '1'] = process.argv.slice(2)
const lane = openBenchLane({ place: { way: 'local', bench: folder }, site: 'site', python: 'python3', commitDocuments: 3 })
await lane.prepare(['Thing'])
process.stdout.write('ready\n')
const outcomes = await lane.write(things(1, Number(count)))
if (outcomes.some((one) => one.status === 'refused')) throw new RangeError(`${JSON.stringify(outcomes.find((one) => one.status === 'refused'))}`)
await lane.close()
process.stdout.write('done\n')
