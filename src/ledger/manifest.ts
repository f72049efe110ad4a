import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { LandfallError } from '../errors/error.ts'

export const MANIFEST = 'manifest.json'

/** Every file of a folder with its hash; `root` is the hash over all of them, which stands outside the folder as well. */
export interface Manifest { about: Record<string, string>; files: { path: string; bytes: number; sha256: string }[]; root: string }
export interface ManifestCheck { files: number; root: string; faults: { path: string; what: string }[] }

/** Writes the manifest of a folder and answers it. */
export function writeManifest(folder: string, about: Record<string, string>): Manifest {
  const files = listFiles(folder), manifest: Manifest = { about, files, root: rootOf(about, files) }
  writeFileSync(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`)
  return manifest
}

/** Compares a folder with its manifest, and that with `root` where one is known from elsewhere: every file edited, taken away or put in is named. Throws `config-missing` without a manifest. */
export function checkManifest(folder: string, root: string | null): ManifestCheck {
  const path = join(folder, MANIFEST)
  if (!existsSync(path)) throw new LandfallError('config-missing', `${folder} has no ${MANIFEST}: it is no evidence pack, or the manifest was taken out.`, { where: { file: path } })
  const faults: ManifestCheck['faults'] = []
  let manifest: Manifest
  try {
    manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest
  } catch {
    return { files: 0, root: '', faults: [{ path: MANIFEST, what: 'cannot be read' }] }
  }
  const found = new Map(listFiles(folder).map((file) => [file.path, file]))
  for (const file of manifest.files) {
    const now = found.get(file.path)
    if (now === undefined) faults.push({ path: file.path, what: 'is missing' })
    else if (now.sha256 !== file.sha256) faults.push({ path: file.path, what: 'was edited' })
    found.delete(file.path)
  }
  for (const path_ of found.keys()) faults.push({ path: path_, what: 'was put in afterwards' })
  if (rootOf(manifest.about, manifest.files) !== manifest.root) faults.push({ path: MANIFEST, what: 'was edited: its hash over all files is not that of its list' })
  if (root !== null && root !== manifest.root) faults.push({ path: MANIFEST, what: 'is not the one that was written: its hash is not the one noted elsewhere' })
  return { files: manifest.files.length, root: manifest.root, faults }
}

function listFiles(folder: string): Manifest['files'] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)).filter((path) => statSync(path).isFile() && relative(folder, path) !== MANIFEST).sort()
    .map((path) => ({ path: relative(folder, path).split(sep).join('/'), bytes: statSync(path).size, sha256: createHash('sha256').update(readFileSync(path)).digest('hex') }))
}

function rootOf(about: Record<string, string>, files: Manifest['files']): string {
  return createHash('sha256').update(JSON.stringify([about, files.map(({ path, bytes, sha256 }) => [path, bytes, sha256])])).digest('hex')
}
