import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { Client, Connection } from '@temporalio/client'
import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findTemporalCli } from '../../../server/embedded/find-temporal-cli.js'
import { processIdentity } from '../../../server/embedded/process-record.ts'
import {
  startTemporalServer,
  type TemporalServer,
  type TemporalServerState,
  temporalProblem,
} from '../../../server/embedded/temporal.ts'
import { endTemporalServer } from '../../support/temporal.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { until } from '../../support/until.ts'

const logger = pino({ level: 'silent' })

async function start(options: Partial<Parameters<typeof startTemporalServer>[0]> & { dataDirectory: string }) {
  const server = await startTemporalServer({ logger, ...options })
  onTestFinished(() => endTemporalServer(server))
  return server
}

async function clientOf(server: TemporalServer): Promise<Client> {
  const connection = await Connection.connect({ address: server.address })
  onTestFinished(() => connection.close())
  return new Client({ connection })
}

/** A workflow that no worker listens for: it stays where it is. */
async function startWaitingWorkflow(server: TemporalServer): Promise<string> {
  const { workflowId } = await (await clientOf(server)).workflow.start('waiting', {
    taskQueue: 'nobody-listens',
    workflowId: 'waits',
  })
  return workflowId
}

async function isRunning(server: TemporalServer, workflowId: string): Promise<boolean> {
  const description = await (await clientOf(server)).workflow.getHandle(workflowId).describe()
  return description.status.name === 'RUNNING'
}

/** A server whose parent is not this process, so that the parent can be killed. */
async function serveInAnotherProcess(dataDirectory: string) {
  const parent = spawn(process.execPath, [join(import.meta.dirname, 'serve-temporal.ts'), dataDirectory])
  onTestFinished(() => void parent.kill('SIGKILL'))
  const [line] = await once(createInterface({ input: parent.stdout }), 'line')
  const pid = Number(line)
  expect(processIdentity(pid)).toBeDefined()
  return { parent, pid }
}

function childrenOf(parent: number | undefined): number[] {
  const processes = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  return processes
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .flatMap(([pid, ppid]) => (ppid === parent && pid !== undefined ? [pid] : []))
}

function program(folder: string, script: string): string {
  const path = join(folder, 'temporal-stand-in')
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

/** The real program the first time, then one that fails `times` times, then the real one again. */
function failingLater(folder: string, times: number): string {
  const real = findTemporalCli(process.env)?.path
  const count = join(folder, 'starts')
  return program(
    folder,
    `echo >> "${count}"; n=$(wc -l < "${count}")
if [ "$n" -gt 1 ] && [ "$n" -le ${times + 1} ]; then echo "out of fuel"; exit 3; fi
exec "${real}" "$@"`,
  )
}

describe('the embedded Temporal server', () => {
  test('keeps workflows over a stop and a start, and leaves no process behind', async () => {
    const dataDirectory = temporaryFolder()
    const first = await start({ dataDirectory })
    const workflow = await startWaitingWorkflow(first)
    const pid = first.pid()
    await Promise.all([first.close(), first.close()])
    expect(first.state()).toEqual({ state: 'closed' })
    expect(processIdentity(pid)).toBeUndefined()

    const second = await start({ dataDirectory })
    expect(await isRunning(second, workflow)).toBe(true)
  })

  test('keeps the history of closed workflows for thirty days', async () => {
    const server = await start({ dataDirectory: temporaryFolder() })
    const { connection } = await clientOf(server)
    const { config } = await connection.workflowService.describeNamespace({ namespace: server.namespace })
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 24 * 60 * 60)
  })

  test('comes back on the same address with its workflows after it was killed', async () => {
    const states: TemporalServerState[] = []
    const server = await start({ dataDirectory: temporaryFolder(), onStateChange: (state) => states.push(state) })
    const workflow = await startWaitingWorkflow(server)
    const killed = server.pid()
    process.kill(killed, 'SIGKILL')

    await until('it serves again', () => states.at(-1)?.state === 'serving')
    expect(states.map(({ state }) => state)).toEqual(['restarting', 'serving'])
    expect(states[0]).toMatchObject({ exit: { code: null, signal: 'SIGKILL' } })
    expect(server.pid()).not.toBe(killed)
    expect(await isRunning(server, workflow)).toBe(true)
  })

  test('comes back empty when its database was deleted and it was killed', async () => {
    const dataDirectory = temporaryFolder()
    const states: TemporalServerState[] = []
    const server = await start({ dataDirectory, onStateChange: (state) => states.push(state) })
    const workflow = await startWaitingWorkflow(server)
    rmSync(join(dataDirectory, 'temporal', 'temporal.db'))
    process.kill(server.pid(), 'SIGKILL')

    await until('it serves again', () => states.at(-1)?.state === 'serving')
    await expect(isRunning(server, workflow)).rejects.toThrow(/not found/i)
  })

  test('is started again and again until it serves', async () => {
    const folder = temporaryFolder()
    const states: TemporalServerState[] = []
    const server = await start({
      dataDirectory: folder,
      cliPath: failingLater(folder, 3),
      onStateChange: (state) => states.push(state),
    })
    process.kill(server.pid(), 'SIGKILL')
    await until('it serves again', () => states.at(-1)?.state === 'serving')
    expect(states.length).toBeGreaterThan(2)
    expect(new Set(states.slice(0, -1).map(({ state }) => state))).toEqual(new Set(['restarting']))
  })

  test('is started again however often it dies, ever more slowly, and says why it does not serve', async () => {
    const folder = temporaryFolder()
    const states: TemporalServerState[] = []
    const server = await start({
      dataDirectory: folder,
      // Each start tries twice: with its database, and without.
      cliPath: failingLater(folder, 13),
      restartBackoff: { first: 10, longest: 1_000 },
      onStateChange: (state) => states.push(state),
    })
    process.kill(server.pid(), 'SIGKILL')
    const isTriedAgain = () => states.length > 5 && server.state().state === 'restarting'
    await until('it was tried several times', isTriedAgain, 60_000)
    const problem = temporalProblem(server.state())
    expect(problem).toMatch(/^The Temporal server ended by signal SIGKILL at 20\S+Z\. Next start at 20\S+Z\. /)
    expect(problem).toContain('out of fuel')
    const [first] = states.flatMap((state) => (state.state === 'restarting' ? [state] : []))
    const waits = states.flatMap((state) => (state.state === 'restarting' ? [state.nextTryAt.getTime()] : []))
    expect(waits).toEqual(waits.toSorted((a, b) => a - b))
    expect(first?.error).toBeUndefined()
    await until('it serves again', () => server.state().state === 'serving', 110_000)
    expect(temporalProblem(server.state())).toBeUndefined()
  }, 180_000)

  test('can be closed while it cannot be started', async () => {
    const folder = temporaryFolder()
    const server = await start({ dataDirectory: folder, cliPath: failingLater(folder, 1000) })
    process.kill(server.pid(), 'SIGKILL')
    await until('it is tried again', () => server.state().state === 'restarting')
    await server.close()
    expect(server.state()).toEqual({ state: 'closed' })
  })

  test('ends with its parent when that is killed', async () => {
    const dataDirectory = temporaryFolder()
    const { parent, pid } = await serveInAnotherProcess(dataDirectory)
    parent.kill('SIGKILL')
    await until('the server has ended', () => processIdentity(pid) === undefined)
    await start({ dataDirectory })
  })

  test('is ended by the next start when its parent and what watches the parent were killed', async () => {
    const dataDirectory = temporaryFolder()
    const { parent, pid } = await serveInAnotherProcess(dataDirectory)
    for (const child of childrenOf(parent.pid)) if (child !== pid) process.kill(child, 'SIGKILL')
    parent.kill('SIGKILL')
    await once(parent, 'exit')
    expect(processIdentity(pid)).toBeDefined()

    await start({ dataDirectory })
    expect(processIdentity(pid)).toBeUndefined()
  })

  test('refuses a data directory that another process uses', async () => {
    const dataDirectory = temporaryFolder()
    const server = await start({ dataDirectory })
    await expect(start({ dataDirectory })).rejects.toMatchObject({ code: 'DATA_DIRECTORY_IN_USE' })
    await server.close()
    await start({ dataDirectory })
  })

  test('runs in a folder whose name means something in a URI', async () => {
    const dataDirectory = join(temporaryFolder(), 'größe 50%25?mode=ro#b')
    const server = await start({ dataDirectory })
    await server.close()
    expect(readdirSync(join(dataDirectory, 'temporal'))).toContain('temporal.db')
  })

  test('does not listen to what the shell says to the temporal command about other servers', async () => {
    process.env.TEMPORAL_ADDRESS = '192.0.2.1:7233'
    process.env.TEMPORAL_NAMESPACE = 'elsewhere'
    onTestFinished(() => {
      delete process.env.TEMPORAL_ADDRESS
      delete process.env.TEMPORAL_NAMESPACE
    })
    const server = await start({ dataDirectory: temporaryFolder() })
    expect(server.state()).toEqual({ state: 'serving' })
  })
})

describe('a database that Temporal cannot use', () => {
  const write = (dataDirectory: string, name: string, bytes: string | Buffer) => {
    mkdirSync(join(dataDirectory, 'temporal'), { recursive: true })
    writeFileSync(join(dataDirectory, 'temporal', name), bytes)
  }

  test.each([
    ['is no database', (folder: string) => write(folder, 'temporal.db', 'these are not the pages of a database')],
    ['is empty', (folder: string) => write(folder, 'temporal.db', '')],
    ['is gone, its write-ahead log is not', (folder: string) => write(folder, 'temporal.db-wal', 'left behind')],
    [
      'belongs to another program',
      (folder: string) => {
        mkdirSync(join(folder, 'temporal'))
        new DatabaseSync(join(folder, 'temporal', 'temporal.db')).exec('CREATE TABLE namespaces (something TEXT)')
      },
    ],
  ])('which %s is set aside and the server starts anew', async (_, prepare) => {
    const dataDirectory = temporaryFolder()
    prepare(dataDirectory)
    const server = await start({ dataDirectory })
    expect(await startWaitingWorkflow(server)).toBe('waits')
  })

  test('which lost pages in its middle is set aside and the server starts anew', async () => {
    const dataDirectory = temporaryFolder()
    const first = await start({ dataDirectory })
    await startWaitingWorkflow(first)
    await first.close()
    const file = join(dataDirectory, 'temporal', 'temporal.db')
    const database = new DatabaseSync(file)
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    database.close()
    const pages = readFileSync(file)
    writeFileSync(file, pages.fill(0xa5, 8192, pages.length - 8192))

    const second = await start({ dataDirectory })
    await expect(isRunning(second, 'waits')).rejects.toThrow(/not found/i)
    expect(readdirSync(join(dataDirectory, 'temporal', 'damaged'))).toContain('temporal.db')
  })

  test('is put back when the server cannot start without it either', async () => {
    const dataDirectory = temporaryFolder()
    const first = await start({ dataDirectory })
    const workflow = await startWaitingWorkflow(first)
    await first.close()
    const cliPath = program(temporaryFolder(), 'echo "no licence to run" >&2; exit 3')
    await expect(start({ dataDirectory, cliPath })).rejects.toMatchObject({ code: 'TEMPORAL_START_FAILED' })

    expect(await isRunning(await start({ dataDirectory }), workflow)).toBe(true)
  })
})

describe('what keeps the server from starting', () => {
  test('a missing binary: the error says how to get one', async () => {
    const before = process.env.COUNTERSIGN_TEMPORAL_CLI
    process.env.COUNTERSIGN_TEMPORAL_CLI = '/nowhere/temporal'
    onTestFinished(() => {
      if (before === undefined) delete process.env.COUNTERSIGN_TEMPORAL_CLI
      else process.env.COUNTERSIGN_TEMPORAL_CLI = before
    })
    await expect(start({ dataDirectory: temporaryFolder() })).rejects.toMatchObject({
      code: 'TEMPORAL_CLI_NOT_FOUND',
      message: expect.stringContaining('/nowhere/temporal'),
    })
  })

  test('a binary that ends at once: the error has its last lines, and the folder is free again', async () => {
    const dataDirectory = temporaryFolder()
    const cliPath = program(temporaryFolder(), 'echo "out of fuel" >&2; exit 3')
    await expect(start({ dataDirectory, cliPath })).rejects.toMatchObject({
      code: 'TEMPORAL_START_FAILED',
      message: expect.stringMatching(/exit code 3[\s\S]*out of fuel/),
    })
    await start({ dataDirectory })
  })

  test('a file that cannot be run', async () => {
    const cliPath = join(temporaryFolder(), 'absent')
    await expect(start({ dataDirectory: temporaryFolder(), cliPath })).rejects.toMatchObject({
      code: 'TEMPORAL_START_FAILED',
      message: expect.stringContaining(cliPath),
    })
  })

  test('a port that another program listens on, even when that one speaks Temporal', async () => {
    const other = await start({ dataDirectory: temporaryFolder() })
    const port = Number(other.address.split(':')[1])
    await expect(start({ dataDirectory: temporaryFolder(), port })).rejects.toMatchObject({ code: 'PORT_IN_USE' })

    const listener = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void listener.close())
    await once(listener, 'listening')
    const taken = (listener.address() as AddressInfo).port
    await expect(start({ dataDirectory: temporaryFolder(), port: taken })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(String(taken)),
    })
  })
})
