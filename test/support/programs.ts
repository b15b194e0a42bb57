import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { access, mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A published npm package that carries real Windows programs of several toolchains, two of them signed by their maker. */
const fixture = 'node-notifier@10.0.1'

/** Real programs: paths into a cache, never to be written to. */
export interface RealPrograms {
  readonly pe32: string
  readonly pe32plus: string
  readonly signedPe32: string
  readonly signedPe32plus: string
}

/** Real Windows programs from a published package, fetched once into the user's cache folder. */
export async function realPrograms(): Promise<RealPrograms> {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  const folder = join(cache, 'countersign', 'fixtures', fixture)
  const vendor = join(folder, 'package', 'vendor')
  const programs = {
    pe32: join(vendor, 'notifu', 'notifu.exe'),
    pe32plus: join(vendor, 'notifu', 'notifu64.exe'),
    signedPe32: join(vendor, 'snoreToast', 'snoretoast-x86.exe'),
    signedPe32plus: join(vendor, 'snoreToast', 'snoretoast-x64.exe'),
  }
  const present = await access(programs.pe32).then(
    () => true,
    () => false,
  )
  if (!present) await fetchInto(folder)
  return programs
}

/** The folder appears as a whole, so tests that run at the same time never see half of it. */
async function fetchInto(folder: string): Promise<void> {
  const temporary = `${folder}.${randomUUID()}`
  await mkdir(temporary, { recursive: true })
  try {
    const { stdout } = await run('npm', ['pack', '--silent', fixture], { cwd: temporary })
    await run('tar', ['-xzf', stdout.trim().split('\n').at(-1) ?? ''], { cwd: temporary })
    await rename(temporary, folder).catch(async (failure: unknown) => {
      await access(join(folder, 'package')).catch(() => {
        throw failure
      })
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}
