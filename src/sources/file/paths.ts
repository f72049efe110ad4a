import { accessSync, constants, globSync, readdirSync, statSync, type Stats } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { LandfallError, messageOf } from '../../errors/error.ts'

/** Files that make one entity, in the order they are read. */
export interface FileEntity { name: string; files: string[] }

const MAGIC = /[*?[\]{}]/
const PACKED = /\.(gz|zip|zst|bz2|xz)$/i

/** `customers` of `/data/customers.csv.gz`. */
export function entityNameOf(path: string): string {
  const name = basename(path).replace(PACKED, '')
  return name.replace(/\.[^.]+$/, '') || name
}

/**
 * The entities of a source: `entities` maps names to a path or glob; else `path` is a file (one entity), a folder (an entity per file with one of
 * the endings), or a glob (one entity of all files). Relative paths start at `base`. Throws `config-missing` when nothing is there and
 * `file-unreadable` for anything that is no readable regular file.
 */
export function findFiles(base: string, path: string | undefined, entities: Record<string, string> | undefined, endings: string[]): FileEntity[] {
  if (entities !== undefined && Object.keys(entities).length > 0) {
    const root = path === undefined ? base : resolve(base, path)
    return Object.entries(entities).map(([name, pattern]) => ({ name, files: expand(root, pattern) }))
  }
  if (path === undefined) throw new LandfallError('config-invalid', 'A file source needs `path` or `entities`.', { hint: 'Give the path of a file, a folder or a glob.' })
  const full = resolve(base, path)
  if (isFolder(full)) return folderEntities(full, endings)
  if (!MAGIC.test(path) || statOf(full) !== null) return [{ name: entityNameOf(full), files: [checkFile(full)] }]
  const files = expand(base, path)
  return [{ name: globName(path), files }]
}

/** The folders, whole, that findFiles would look into: for those who must be told beforehand what will be read. */
export function foldersOf(base: string, path: string | undefined, entities: Record<string, string> | undefined): string[] {
  if (entities === undefined || Object.keys(entities).length === 0) return path === undefined ? [] : [folderOf(base, path)]
  const root = path === undefined ? base : resolve(base, path)
  return [...new Set(Object.values(entities).map((pattern) => folderOf(root, pattern)))]
}

function folderOf(base: string, pattern: string): string {
  const full = resolve(base, pattern)
  if (isFolder(full)) return full
  if (!MAGIC.test(pattern) || statOf(full) !== null) return dirname(full)
  const pieces = pattern.split(/[\\/]/)
  return resolve(isAbsolute(pattern) ? '/' : base, pieces.slice(0, pieces.findIndex((piece) => MAGIC.test(piece))).join('/'))
}

function folderEntities(folder: string, endings: string[]): FileEntity[] {
  const names = readFolder(folder).filter((name) => endings.includes(endingOf(name)) && !name.startsWith('.'))
  if (names.length === 0) {
    throw new LandfallError('config-missing', `The folder holds no file to read: ${folder}`, { hint: `Files ending in ${endings.join(', ')} (also .gz, .zip, .zst, .bz2) are read.`, where: { file: folder } })
  }
  const found = names.sort().map((name) => ({ name: entityNameOf(name), files: [checkFile(join(folder, name))] }))
  const seen = new Map<string, number>()
  for (const entity of found) seen.set(entity.name.toLowerCase(), (seen.get(entity.name.toLowerCase()) ?? 0) + 1)
  for (const entity of found) if ((seen.get(entity.name.toLowerCase()) ?? 0) > 1) entity.name = basename(entity.files[0] as string)
  return found
}

function endingOf(name: string): string {
  return (/\.[^.]+$/.exec(name.replace(PACKED, ''))?.[0] ?? '').toLowerCase()
}

/** `orders` of `exports/orders-*.csv`: the fixed part of the pattern's last piece, else its folder. */
function globName(pattern: string): string {
  const pieces = pattern.split(/[\\/]/)
  const last = (pieces.pop() ?? '').replace(PACKED, '').replace(/\.[^.*]+$/, '').split(MAGIC)[0]?.replace(/[-_. ]+$/, '') ?? ''
  if (last !== '') return last
  return pieces.reverse().find((piece) => piece !== '' && !MAGIC.test(piece) && piece !== '..' && piece !== '.') ?? 'files'
}

function expand(base: string, pattern: string): string[] {
  const full = resolve(base, pattern)
  if (!MAGIC.test(pattern) || statOf(full) !== null) return [checkFile(full)]
  const files = globSync(pattern, { cwd: base }).map((name) => resolve(base, name)).filter((file) => !isFolder(file)).sort()
  if (files.length === 0) throw new LandfallError('config-missing', `No file matches ${pattern}`, { hint: `The pattern starts at ${base}.`, where: { file: pattern } })
  return files.map(checkFile)
}

function readFolder(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    throw new LandfallError('file-unreadable', `The folder cannot be listed: ${messageOf(error)}`, { hint: 'Check its permissions.', where: { file: folder }, cause: error })
  }
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path)
  } catch {
    return null
  }
}

function isFolder(path: string): boolean {
  return statOf(path)?.isDirectory() ?? false
}

/** The path itself when it is a regular file this process may read. */
export function checkFile(path: string): string {
  let stats: Stats
  try {
    stats = statSync(path)
  } catch (error) {
    const code = (error as { code?: string }).code
    if (code === 'ENOENT') throw new LandfallError('config-missing', `There is no file ${path}`, { hint: 'Check the path of the source.', where: { file: path }, cause: error })
    const why = code === 'ELOOP' ? 'it is a link that leads to itself' : messageOf(error)
    throw new LandfallError('file-unreadable', `The file cannot be opened: ${why}`, { hint: 'Check the path and its permissions.', where: { file: path }, cause: error })
  }
  if (!stats.isFile()) {
    const what = stats.isDirectory() ? 'a folder' : stats.isFIFO() ? 'a named pipe' : stats.isSocket() ? 'a socket' : 'a device'
    throw new LandfallError('file-unreadable', `This is ${what}, not a file: ${path}`, { hint: 'Give a regular file, which can be read more than once.', where: { file: path } })
  }
  try {
    accessSync(path, constants.R_OK)
  } catch (error) {
    throw new LandfallError('file-unreadable', `This process may not read the file: ${path}`, { hint: 'Grant read permission.', where: { file: path }, cause: error })
  }
  return path
}

/** The path as people know it: relative to the project where it lies inside. */
export function displayPath(base: string, path: string): string {
  const short = relative(base, path)
  return short === '' || short.startsWith('..') ? path : short
}
