import { openBusiness } from '../run/business.ts'
import { runMigration } from '../../src/run/engine.ts'

/**
 * One life of a run, killed from outside or by itself: `child.ts FOLDER SIZE RESUME POINT [URL]`. SIZE is JSON of BusinessSize; with POINT n the
 * process kills itself (SIGKILL) at the n-th place where a crash would hurt; 0: never. URL: of the site to load into, else a rehearsal. Prints how many places it passed.
 */
const [folder = '', size = '{}', resume = 'false', point = '0', siteUrl] = process.argv.slice(2)
let passed = 0
const business = await openBusiness(folder, JSON.parse(size), {
  ...siteUrl === undefined ? {} : { siteUrl },
  reached: () => {
    passed++
    if (passed === Number(point)) process.kill(process.pid, 'SIGKILL')
  },
})
await runMigration(business.migration, business.ports, { resume: resume === 'true', until: 'end' })
await business.close()
process.stdout.write(`${passed}\n`)
