import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { SigningRequestId, UserId } from '../../domain/index.ts'
import { type EventLog, openEventStoreDb, openSqliteEventLog } from '../../event-log/index.ts'
import { openPostgresPersonKeys } from '../../persons/index.ts'
import { sampleProgram } from '../../server/embedded/sample-program.ts'
import { createStore, startEventStoreDbStandIn } from '../support/eventstoredb-stand-in/index.ts'
import { testPersons } from '../support/persons.ts'
import { postgresForTests } from '../support/postgres.ts'
import { allRows } from '../support/read-model-rows.ts'
import { startRelay } from '../support/relay.ts'
import { type ServedOrganization, serveOrganization } from '../support/served-organization.ts'
import { connectTemporal, useTemporalServer } from '../support/temporal.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'
import { until } from '../support/until.ts'

const temporal = useTemporalServer()
const postgres = postgresForTests()

const names = ['Submitter', 'Anna', 'Bert', 'Cora']
const anyName = new RegExp(names.join('|'))
const unavailable = (userId: UserId) => `user ${userId} (name not available)`
const erased = (userId: UserId) => `erased user ${userId}`

/** Submits a program by the command line, and waits until it is waited for approvals. */
async function submitted({ countersign }: ServedOrganization, { folder, submitter }: TestOrganization) {
  await writeFile(join(folder, 'program.exe'), sampleProgram())
  let said = ''
  const done = countersign(
    ['sign', 'program.exe', '--project', 'test', '--policy', 'release', '--out', 'signed.exe'],
    submitter,
    { printed: ({ stderr }) => (said = stderr) },
  )
  const id = await until('the id', () => /Signing request (\S+)/.exec(said)?.[1] as SigningRequestId | undefined)
  await until('the wait', () => said.includes('Waiting for 2 of'))
  return { id, done, said: () => said }
}

describe('while the database of the keys of names is away', { timeout: 120_000 }, () => {
  test.each(['refusing', 'silent'] as const)(
    'and is %s, a request is submitted, approved, signed and completed, and the command line says whose name is not available',
    async (state) => {
      const database = new URL(await postgres.newDatabase())
      const relay = await startRelay(Number(database.port))
      database.port = String(relay.port)
      const failures: unknown[] = []
      const store = openPostgresPersonKeys({ connectionString: database.href })
      const persons = testPersons({ store, onFailure: (error) => failures.push(error) })
      onTestFinished(() => persons.close())
      const organization = await testOrganization({ persons })
      const { submitter, approvers } = organization
      const served = await serveOrganization(await connectTemporal(temporal()), organization)
      const { countersign } = served
      relay.set(state)

      const { id, done } = await submitted(served, organization)
      for (const approver of approvers.slice(0, 2)) {
        const approval = await countersign(['request', 'approve', id, '--yes'], approver)
        expect(approval).toMatchObject({ code: 0 })
        expect(approval.stdout).toContain(`by any of: ${approvers.map(unavailable).join(', ')}`)
      }
      const signed = await done
      expect(signed).toMatchObject({ code: 0 })
      expect(signed.stderr).toContain(`Submitted program.exe by ${unavailable(submitter)}`)
      expect(signed.stderr).toContain(`Waiting for 2 of: ${approvers.map(unavailable).join(', ')}`)
      expect(signed.stderr).toContain(`Approved by ${unavailable(approvers[0])}`)
      expect(readFileSync(join(organization.folder, 'signed.exe')).length).toBeGreaterThan(sampleProgram().length)

      await served.caughtUp()
      const asked = [
        ['request', 'show', id],
        ['request', 'list'],
        ['request', 'watch', id],
        ['policy', 'list'],
      ]
      for (const args of asked.flatMap((each) => [each, [...each, '--json']])) {
        const { code, stdout, stderr } = await countersign(args, submitter)
        expect(code).toBe(0)
        expect(stdout).toContain(unavailable(submitter))
        expect(stdout + stderr).not.toMatch(anyName)
      }
      expect(failures).toMatchObject([{ code: 'PERSON_KEYS_UNAVAILABLE' }])

      relay.set('open')
      const shown = () => countersign(['request', 'show', id], submitter)
      const { stdout } = await until('names are read again', async () => {
        const ran = await shown()
        return ran.stdout.includes('by Submitter') ? ran : undefined
      })
      expect(stdout).toMatch(/by any of: Anna, Bert, Cora/)
      expect(stdout).not.toContain('not available')
    },
  )
})

/** Both logs, empty. */
const logs: Readonly<Record<string, () => Promise<EventLog>>> = {
  SQLite: async () => openSqliteEventLog({ path: join(temporaryFolder(), 'event-log.db') }),
  EventStoreDB: async () => {
    const server = await startEventStoreDbStandIn(createStore())
    onTestFinished(() => server.kill())
    return openEventStoreDb({ connectionString: server.connectionString, callTimeoutMs: 60_000 })
  },
}

describe.each(Object.entries(logs))(
  'erasure during a request, with the log in %s,',
  { timeout: 120_000 },
  (_, open) => {
    async function setUp() {
      const organization = await testOrganization({ stored: await open() })
      const payloads: string[] = []
      const workers = { onPayload: (text: string) => void payloads.push(text) }
      const served = await serveOrganization(await connectTemporal(temporal()), organization, { workers })
      return {
        organization,
        served,
        payloads,
        erase: (userId: UserId) => served.application.eraseUser(organization.setup, { userId }),
      }
    }

    /** Nobody's name is in what is kept for good, or in what Temporal was given. */
    async function expectNoNames(
      { log }: TestOrganization,
      { database, caughtUp }: ServedOrganization,
      payloads: string[],
    ) {
      await caughtUp()
      let events = 0
      for await (const batch of log.readAll())
        for (const { stored } of batch) {
          events += 1
          expect(stored.data.text + stored.metadata.text).not.toMatch(anyName)
        }
      expect(events).toBeGreaterThan(20)
      expect(payloads.join()).toContain('planDigest')
      expect(payloads.join()).not.toMatch(anyName)
      expect(await allRows(database)).not.toMatch(anyName)
    }

    test('an approver who is erased counts no longer; the request goes on with others, and says who it was by the id', async () => {
      const { organization, served, payloads, erase } = await setUp()
      const { countersign } = served
      const { approvers, submitter } = organization
      const [anna, bert, cora] = approvers
      const { id, done } = await submitted(served, organization)
      expect(await countersign(['request', 'approve', id, '--yes', '--comment', 'fine'], anna)).toMatchObject({
        code: 0,
      })
      expect(await erase(anna)).toMatchObject({ keyDestroyed: true })
      expect(await countersign(['request', 'show', id], anna)).toMatchObject({ code: 7, stdout: '' })
      for (const approver of [bert, cora])
        expect(await countersign(['request', 'approve', id, '--yes'], approver)).toMatchObject({ code: 0 })
      const { code, stderr } = await done
      expect(code).toBe(0)
      expect(stderr).toContain(`The approval of the user ${anna} counts no longer: they were deactivated`)
      await served.caughtUp()
      const { stdout } = await countersign(['request', 'show', id], submitter)
      expect(stdout).toContain(`2 of 2 needed, by any of: ${erased(anna)}, Bert, Cora`)
      expect(stdout).toMatch(new RegExp(`Approved by ${erased(anna)}: fine +${erased(anna)}`))
      for (const args of [
        ['request', 'show', id],
        ['policy', 'list'],
        ['request', 'watch', id],
      ])
        for (const form of [[], ['--json']]) {
          const ran = await countersign([...args, ...form], submitter)
          expect(ran.code).toBe(0)
          expect(ran.stdout).toContain(erased(anna))
          expect(ran.stdout + ran.stderr).not.toContain('Anna')
        }
      await expectNoNames(organization, served, payloads)
    })

    test('a request of a submitter who is erased is not signed, and says who it was by the id', async () => {
      const { organization, served, payloads, erase } = await setUp()
      const { countersign } = served
      const { approvers, submitter } = organization
      const [anna, bert] = approvers
      const { id, done } = await submitted(served, organization)
      expect(await erase(submitter)).toMatchObject({ keyDestroyed: true })
      for (const approver of [anna, bert])
        expect(await countersign(['request', 'approve', id, '--yes'], approver)).toMatchObject({ code: 0 })
      // Their token is nobody's: who waited with it is told so.
      const waited = await done
      expect(waited).toMatchObject({ code: 7 })
      expect(waited.stderr).toContain('error: TOKEN_REVOKED: ')
      const watched = await countersign(['request', 'watch', id], anna)
      expect(watched).toMatchObject({ code: 3 })
      expect(watched.stderr).toContain('error: SUBMITTER_DEACTIVATED: ')
      expect(await organization.request(id)).toMatchObject({ attempts: 0, workflowStatus: 'ProcessingFailed' })
      for (const args of [
        ['request', 'show', id],
        ['request', 'list'],
        ['policy', 'list'],
      ])
        for (const form of [[], ['--json']]) {
          const ran = await countersign([...args, ...form], anna)
          expect(ran.code).toBe(0)
          expect(ran.stdout).toContain(erased(submitter))
          expect(ran.stdout + ran.stderr).not.toContain('Submitter')
        }
      await expectNoNames(organization, served, payloads)
    })
  },
)
