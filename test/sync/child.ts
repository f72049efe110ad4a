/** One sync of a project in a process of its own: `child.ts FOLDER POINT`; kills itself at the given point (its number or its name; 0: never), and prints how many points there were. */
import { syncOnce, withProject } from './small-business.ts'

const [folder = '', point = '0', all = ''] = process.argv.slice(2)
let passed = 0
const result = await withProject(folder, (workspace) => syncOnce(workspace, { all: all === 'all' }), (name) => {
  passed++
  if (passed === Number(point) || name === point) process.kill(process.pid, 'SIGKILL')
})
process.stdout.write(`${JSON.stringify({ points: passed, inserted: result.inserted, changed: result.changed, gone: result.gone, conflicts: result.conflicts.length })}\n`)
