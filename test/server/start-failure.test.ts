import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listen } from '../../server/listen.ts'
import { mayMount, smallDisk } from '../support/small-disk.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)

/** How a start that cannot succeed ends. */
async function failedStart(environment: Readonly<Record<string, string>>) {
  return run(process.execPath, [join(root, 'cli/main.ts'), 'serve'], {
    env: { ...process.env, COUNTERSIGN_PORT: '0', COUNTERSIGN_DATA: join(temporaryFolder(), 'data'), ...environment },
  }).then(
    () => ({ code: 0, stderr: '' }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  )
}

describe('a start that cannot succeed', () => {
  it('says why and nothing else, however early it ends', async () => {
    const { code, stderr } = await failedStart({ COUNTERSIGN_TEMPORAL_CLI: '/nonexistent/temporal' })
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/^error: TEMPORAL_CLI_NOT_FOUND: .*\n$/)
  })

  it.runIf(mayMount)('names a disk that has not enough room for a first start', async () => {
    const { path } = smallDisk(32)
    const { code, stderr } = await failedStart({ COUNTERSIGN_DATA: join(path, 'data') })
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/^error: DISK_FULL: Less than 64 MiB are left in .*\/data\. Free disk space\.\n$/)
  })

  it('names a data directory that is none', async () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    const { code, stderr } = await failedStart({ COUNTERSIGN_DATA: file })
    expect(code).toBe(2)
    expect(stderr).toContain(`error: DATA_DIRECTORY_UNUSABLE: The data directory ${file} cannot be used`)
  })
})

describe('listening', () => {
  it('says that the port is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void taken.close())
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    await expect(listen(Fastify(), { host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    })
  })

  it('says that the address is not one of this machine', async () => {
    // RFC 5737: an address for documentation, which no machine has.
    await expect(listen(Fastify(), { host: '192.0.2.1', port: 0 })).rejects.toMatchObject({ code: 'ADDRESS_UNUSABLE' })
  })
})
