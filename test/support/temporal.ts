import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime } from '@temporalio/worker'
import { pino } from 'pino'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { findTemporalTestServer } from '../../scripts/bootstrap/temporal-test-server.mjs'
import { startTemporalServer, type TemporalServer } from '../../server/embedded/temporal.ts'

/**
 * The real Temporal server, one for the tests of a file (or of a `describe`): started before the first of them and ended
 * after the last. Tests keep apart by task queues and workflow ids of their own.
 *
 * @returns gives the server, from within a test or a hook
 */
export function useTemporalServer(): () => TemporalServer {
  let folder: string
  let server: TemporalServer | undefined
  beforeAll(async () => {
    silenceWorkers()
    folder = mkdtempSync(join(tmpdir(), 'countersign-temporal-'))
    server = await startTemporalServer({ dataDirectory: folder, logger: pino({ level: 'silent' }) })
  })
  afterAll(async () => {
    if (server !== undefined) await endTemporalServer(server)
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  })
  return () => started(server)
}

/** Ends a server that nobody needs any more, nor its database: its end in good order would take a second. */
export async function endTemporalServer(server: TemporalServer): Promise<void> {
  const closed = server.close()
  try {
    if (server.state().state === 'serving') process.kill(server.pid(), 'SIGKILL')
  } catch {
    // The test has killed it, and it is not missed yet.
  }
  await closed
}

/** Connects a client and workers to a server, until the test is finished. */
export async function connectTemporal({ address, namespace }: Pick<TemporalServer, 'address' | 'namespace'>): Promise<{
  readonly connection: Connection
  readonly nativeConnection: NativeConnection
  readonly namespace: string
}> {
  const connection = await Connection.connect({ address })
  const nativeConnection = await NativeConnection.connect({ address })
  onTestFinished(async () => {
    await nativeConnection.close()
    await connection.close()
  })
  return { connection, nativeConnection, namespace }
}

/**
 * Temporal's test server, in which months pass in a moment while a test waits for a workflow; one for the tests of a file
 * (or of a `describe`). Its clock is one for all workflows: a test that waits for one moves the others on.
 *
 * @returns gives the environment (`client`, `nativeConnection`, `sleep`), from within a test or a hook
 */
export function useTimeSkipping(): () => TestWorkflowEnvironment {
  let environment: TestWorkflowEnvironment | undefined
  beforeAll(async () => {
    silenceWorkers()
    const path = findTemporalTestServer(process.env)
    if (path === undefined)
      throw new Error('There is no Temporal test server; npm test gets it (scripts/bootstrap.mjs)')
    const executable = { type: 'existing-path', path } as const
    environment = await startTimeSkipping({ server: { executable } })
  })
  afterAll(() => environment?.teardown())
  return () => started(environment)
}

/** The SDK gives the server five seconds, which a busy machine may not: then once more. */
async function startTimeSkipping(
  options: Parameters<typeof TestWorkflowEnvironment.createTimeSkipping>[0],
  triesLeft = 5,
): Promise<TestWorkflowEnvironment> {
  try {
    return await TestWorkflowEnvironment.createTimeSkipping(options)
  } catch (error) {
    const late = error instanceof Error && error.message.includes('did not start within')
    if (!late || triesLeft === 0) throw error
    return startTimeSkipping(options, triesLeft - 1)
  }
}

function started<T>(resource: T | undefined): T {
  if (resource === undefined) throw new Error('Ask for it within a test or a hook: it is started before the first test')
  return resource
}

/** Workers speak of every start and stop; a test's output is for what went wrong. */
export function silenceWorkers(): void {
  try {
    Runtime.install({
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: {
        logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) },
      },
    })
  } catch {
    // Installed by an earlier call in this process; it can be installed once only.
  }
}
