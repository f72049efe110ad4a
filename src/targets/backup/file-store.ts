import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, createReadStream, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { LandfallError } from '../../errors/error.ts'

/** Files of a site at a moment: path below the site's folder, SHA-256, size, mode, time of change (ms). */
export interface FileEntry { path: string; hash: string; size: number; mode: number; modified: number }
export interface FileList { folder: string; files: FileEntry[] }

/** Folders of a site that hold what people uploaded. */
export const FILE_FOLDERS = ['public/files', 'private/files'] as const
/** The site's settings, kept beside the files. */
export const SETTINGS_FILE = 'site_config.json'

/** Contents by hash: each is kept once, however many backups and points name it. */
export class FileStore {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Keeps every file of a site that is not kept yet. `before`: an earlier list, so that files whose size and time are unchanged are not read again. */
  async take(siteFolder: string, before: FileList | null): Promise<FileList> {
    const known = new Map((before?.files ?? []).map((file) => [file.path, file]))
    const files: FileEntry[] = []
    for (const path of [SETTINGS_FILE, ...FILE_FOLDERS.flatMap((folder) => walk(join(siteFolder, folder)).map((file) => relative(siteFolder, file)))]) {
      const full = join(siteFolder, path)
      if (!existsSync(full)) continue
      const { size, mode, mtimeMs } = statSync(full), old = known.get(path)
      const same = path !== SETTINGS_FILE && old !== undefined && old.size === size && old.modified === mtimeMs && existsSync(this.#place(old.hash))
      const hash = same ? old.hash : await hashFile(full)
      if (!same) await this.#keep(full, hash)
      files.push({ path, hash, size, mode: mode & 0o777, modified: mtimeMs })
    }
    return { folder: siteFolder, files }
  }

  /** Writes the files of a list below `folder` and proves each by its hash. Throws `target-failed` naming what is missing or damaged. */
  async put(list: FileList, folder: string): Promise<void> {
    for (const file of list.files) {
      const from = this.#place(file.hash), to = join(folder, file.path)
      if (!existsSync(from)) throw new LandfallError('target-failed', `The backup lacks the contents of ${file.path}.`, { hint: 'Take another point or backup.', where: { file: from } })
      mkdirSync(dirname(to), { recursive: true })
      copyFileSync(from, to)
      if (await hashFile(to) !== file.hash) throw new LandfallError('target-failed', `The backup's copy of ${file.path} is damaged.`, { hint: 'Take another point or backup.', where: { file: from } })
      chmodSync(to, file.mode)
      utimesSync(to, file.modified / 1000, file.modified / 1000)
    }
  }

  /** Text of one kept file of a list; null: it is not in it. */
  text(list: FileList, path: string): string | null {
    const file = list.files.find((one) => one.path === path)
    return file === undefined ? null : readFileSync(this.#place(file.hash), 'utf8')
  }

  /** What is wrong with the kept contents of a list; empty: all are there and whole. */
  async check(list: FileList): Promise<string[]> {
    const faults: string[] = []
    for (const file of list.files) {
      const place = this.#place(file.hash)
      if (!existsSync(place)) faults.push(`${file.path} is not kept`)
      else if (await hashFile(place) !== file.hash) faults.push(`${file.path} is damaged`)
    }
    return faults
  }

  #place(hash: string): string {
    return join(this.#folder, hash.slice(0, 2), hash)
  }

  async #keep(file: string, hash: string): Promise<void> {
    const place = this.#place(hash)
    if (existsSync(place)) return
    mkdirSync(dirname(place), { recursive: true, mode: 0o700 })
    copyFileSync(file, `${place}.part`)
    chmodSync(`${place}.part`, 0o600)
    // A file that was written to while it was copied is not what its hash says.
    if (await hashFile(`${place}.part`) !== hash) {
      rmSync(`${place}.part`)
      throw new LandfallError('target-failed', `${file} changed while it was copied.`, { hint: 'Again, when nobody uploads; or switch the site into maintenance mode.' })
    }
    renameSync(`${place}.part`, place)
  }
}

export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

function walk(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)).filter((path) => lstatSync(path).isFile()).sort()
}

/** Files that differ between two lists by path, content or mode. */
export function differingFiles(a: FileList, b: FileList): string[] {
  const key = (file: FileEntry): string => `${file.hash} ${file.mode}`
  const left = new Map(a.files.map((file) => [file.path, key(file)])), right = new Map(b.files.map((file) => [file.path, key(file)]))
  return [...new Set([...left.keys(), ...right.keys()])].filter((path) => left.get(path) !== right.get(path)).sort()
}

/** Whether the site is closed to people, and closes or opens it: the framework reads its settings at every request. Answers what stood there before, byte for byte. */
export function setMaintenance(siteFolder: string, on: boolean): string {
  const path = join(siteFolder, SETTINGS_FILE), before = readFileSync(path, 'utf8')
  const settings = JSON.parse(before) as Record<string, unknown>
  if (on) Object.assign(settings, { maintenance_mode: 1, pause_scheduler: 1 })
  else { delete settings['maintenance_mode']; delete settings['pause_scheduler'] }
  writeWhole(path, `${JSON.stringify(settings, null, 1)}\n`)
  return before
}

/** Writes a file so that readers see the old or the new one, never half. */
export function writeWhole(path: string, text: string): void {
  const mode = existsSync(path) ? statSync(path).mode & 0o777 : 0o600
  writeFileSync(`${path}.part`, text, { mode })
  chmodSync(`${path}.part`, mode)
  renameSync(`${path}.part`, path)
}
