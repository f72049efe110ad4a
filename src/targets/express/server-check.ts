import { LandfallError } from '../../errors/error.ts'
import { quote, type Link } from './connection.ts'
import type { ExpressOptions } from './options.ts'

/** Something about the server that costs speed, with the way out. */
export interface ServerNote { message: string; hint: string }

const NEEDED = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'CREATE']
const LEAST_PACKET = 1 << 20

/** Looks at version, rights, settings and the site's marks. Throws `target-failed` naming everything that is in the way. */
export async function checkServer(link: Link, options: ExpressOptions): Promise<ServerNote[]> {
  const faults: string[] = [], hints: string[] = [], notes: ServerNote[] = []
  const fault = (message: string, hint: string) => { faults.push(message); hints.push(hint) }
  if (!/mariadb/i.test(link.version)) fault(`the server is ${link.version}, not MariaDB`, 'Name the server of the site itself.')
  const missing = await missingRights(link)
  if (missing.length > 0) fault(`the user may not ${missing.join(', ')}`, `GRANT ${missing.join(', ')} ON \`${options.database}\`.* TO the user, or take the site's own user.`)
  const readOnly = (await link.rows('SELECT @@read_only'))[0]?.[0]
  if (readOnly === '1') fault('the server is read-only', 'Name the primary server, not a replica.')
  if (link.packetBytes < LEAST_PACKET) fault(`max_allowed_packet is ${link.packetBytes} bytes`, 'Set max_allowed_packet to 64M; a site wants as much.')
  const site = await link.rows(`SELECT TABLE_NAME, ENGINE, TABLE_COLLATION FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ('tabDocType', 'tabSeries')`)
  if (!site.some(([name]) => name === 'tabSeries')) fault(`the database ${options.database} is not a site's: it has no tabSeries`, 'Take db_name of the site\'s site_config.json.')
  for (const [name, engine, collation] of site) {
    if (engine !== 'InnoDB') fault(`${name} is kept by ${engine}`, 'Convert the tables to InnoDB.')
    if (!collation?.startsWith('utf8mb4')) fault(`${name} holds ${collation}`, 'Convert the database to utf8mb4 as Frappe\'s manual says.')
  }
  if (options.bulk === 'infile' && !link.infile) fault('the server does not allow LOAD DATA LOCAL INFILE', 'SET GLOBAL local_infile = 1, or leave `bulk` at auto.')
  else if (options.bulk === 'auto' && !link.infile) notes.push({ message: 'The server does not allow LOAD DATA LOCAL INFILE: rows are inserted by statements, which takes longer.', hint: 'SET GLOBAL local_infile = 1 while loading.' })
  if (faults.length > 0) throw new LandfallError('target-failed', `The site's database cannot be loaded into: ${faults.join('; ')}.`, { hint: hints.join(' ') })
  return notes
}

/** Rights on the database that neither the server nor the database grants the user; roles are not looked into. */
async function missingRights(link: Link): Promise<string[]> {
  const grantee = quote((await link.rows(`SELECT CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''')`))[0]?.[0] ?? '')
  const role = (await link.rows('SELECT CURRENT_ROLE()'))[0]?.[0]
  const rows = await link.rows(`SELECT PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = ${grantee} UNION SELECT PRIVILEGE_TYPE FROM information_schema.SCHEMA_PRIVILEGES WHERE GRANTEE = ${grantee} AND DATABASE() LIKE TABLE_SCHEMA`)
  const held = new Set(rows.map(([right]) => right))
  return role === null || role === undefined || role === 'NONE' ? NEEDED.filter((right) => !held.has(right)) : []
}
