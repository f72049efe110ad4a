import { batches, customers, openLane, posted } from './express-setup.ts'

/** A process that loads customers in batches and may be killed at any moment: `express-child.ts PORT DOCUMENTS SIZE`. Says `ready` before the first batch. */
const [port, documents, size] = process.argv.slice(2).map(Number) as [number, number, number]
const { staging } = await posted([customers(documents)], ['Customer'])
const lane = openLane({ host: '127.0.0.1', port, user: 'root', password: 'private-secret' }, 'site', staging, { retries: 8 })
const all = await batches(staging, 'Customer', size)
process.stdout.write('ready\n')
for (const batch of all) {
  const outcomes = await lane.write(batch)
  if (outcomes.some((one) => one.status === 'refused')) throw new RangeError(`${JSON.stringify(outcomes.find((one) => one.status === 'refused'))}`)
}
await lane.close()
await staging.close()
process.stdout.write('done\n')
