import { type ExecFileOptions, execFile, spawn } from 'node:child_process'
import { chown, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'
import { until } from './until.ts'

const run = promisify(execFile)

/** Where a new cluster of each version is kept for all tests of this clone. */
const clusters = join(import.meta.dirname, '../../node_modules/.cache/countersign-postgres')

/** A PostgreSQL server of our own. */
export type TestPostgres = {
  /** Makes an empty database; answers how to reach it. Its texts sort by a locale, as in most installations. */
  readonly newDatabase: () => Promise<string>
}

/** Certificates of a server that takes TLS only, and of its clients nobody without a certificate; PEM. */
export type PostgresTls = { readonly certificate: Buffer; readonly key: Buffer; readonly clientAuthority: Buffer }

/**
 * Starts PostgreSQL from Debian's packages in a folder of its own, without waiting for the disk.
 *
 * @throws Error when it is not installed
 */
export async function startPostgres(tls?: PostgresTls): Promise<TestPostgres & { readonly stop: () => Promise<void> }> {
  const bin = await binaries()
  const folder = await mkdtemp(join(tmpdir(), 'countersign-pg-'))
  const user = process.getuid?.() === 0 ? await userOf('postgres') : undefined
  if (user !== undefined) await chown(folder, user.uid, user.gid)
  const identity = user === undefined ? {} : { uid: user.uid, gid: user.gid }
  const data = join(folder, 'data')
  const common = { ...identity, cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8', HOME: folder } }
  await makeCluster(bin, data, common)
  const port = await freePort()
  await writeFile(
    join(data, 'postgresql.conf'),
    `listen_addresses='127.0.0.1'\nport=${port}\nunix_socket_directories='${folder}'\nfsync=off\nmax_connections=60\n${tls === undefined ? '' : "ssl=on\nssl_ca_file='client-ca.crt'\n"}`,
  )
  if (tls !== undefined) {
    const { certificate, key, clientAuthority } = tls
    // `test` over TCP by certificate only; the socket is for those who set the tests up.
    await writeFile(join(data, 'pg_hba.conf'), 'local all all trust\nhostssl all all 127.0.0.1/32 cert\n')
    const files = { 'server.crt': certificate, 'server.key': key, 'client-ca.crt': clientAuthority }
    for (const [name, bytes] of Object.entries(files)) {
      await writeFile(join(data, name), bytes, { mode: 0o600 })
      if (user !== undefined) await chown(join(data, name), user.uid, user.gid)
    }
  }
  const options = ['-h', folder, '-p', String(port), '-U', 'test']
  const server = spawn(join(bin, 'postgres'), ['-D', data], { ...common, stdio: 'ignore' })
  const exited = new Promise((resolve) => server.once('exit', resolve))
  async function stop(): Promise<void> {
    // Fast shutdown: open connections are ended.
    server.kill('SIGINT')
    await exited
    await rm(folder, { recursive: true, force: true })
  }
  await until('PostgreSQL answers', async () => {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}`)
    return run(join(bin, 'pg_isready'), options).then(
      () => true,
      () => false,
    )
  })
  let databases = 0

  return {
    stop,
    async newDatabase() {
      databases += 1
      const name = `test_${databases}`
      const bin = await binaries()
      await run(join(bin, 'createdb'), [
        ...options,
        '--locale-provider=icu',
        '--icu-locale=en-US',
        '-T',
        'template0',
        name,
      ])
      return `postgres://test@127.0.0.1:${port}/${name}`
    },
  }
}

/** Makes a cluster: the first one by `initdb`, which takes half a second of processor time, the others as copies of it. */
async function makeCluster(bin: string, data: string, common: ExecFileOptions): Promise<void> {
  // Whose the files are is copied, too.
  const kept = join(clusters, `${bin.split('/').at(-2)}-${common.uid ?? process.getuid?.() ?? 'user'}`)
  const copied = await run('cp', ['-a', kept, data]).then(
    () => true,
    () => false,
  )
  if (copied) return
  await rm(data, { recursive: true, force: true })
  await run(join(bin, 'initdb'), ['-D', data, '-U', 'test', '-A', 'trust', '-E', 'UTF8', '--no-sync'], common)
  await mkdir(clusters, { recursive: true })
  const made = `${kept}-${process.pid}`
  await run('cp', ['-a', data, made])
  // Another process may have been faster.
  await rename(made, kept).catch(() => rm(made, { recursive: true, force: true }))
}

async function binaries(): Promise<string> {
  const root = '/usr/lib/postgresql'
  const versions = await readdir(root).catch(() => {
    throw new Error('PostgreSQL is not installed: apt-get install postgresql')
  })
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0]
  if (newest === undefined) throw new Error('PostgreSQL is not installed: apt-get install postgresql')
  return join(root, newest, 'bin')
}

async function userOf(name: string): Promise<{ readonly uid: number; readonly gid: number }> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (what) => Number((await run('id', [what, name])).stdout)))
  return { uid: uid ?? 0, gid: gid ?? 0 }
}
