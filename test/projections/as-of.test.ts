import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type CertificateId,
  type GroupId,
  type Instant,
  type OrganizationId,
  parseStreamName,
  streams,
  type UserId,
} from '../../domain/index.ts'
import type { EventLog, NewEvent } from '../../event-log/index.ts'
import { projections } from '../../projections/catalogue.ts'
import {
  openReadModel,
  openSqliteReadModel,
  type ReadModel,
  readModelAsOf,
  rebuildReadModel,
} from '../../projections/index.ts'
import { bothLogs } from '../support/event-log/both-logs.ts'
import { collect } from '../support/event-log/events.ts'
import { anyMoves, play, randomOrganization } from '../support/random-history/index.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

/** The read model of a log, as far as it is told. */
async function readModelOf(log: Pick<EventLog, 'readAll'>): Promise<ReadModel> {
  const database = openSqliteReadModel({ path: join(temporaryFolder(), 'read-model.db') })
  await rebuildReadModel({ log: log as EventLog, database })
  const { readModel } = openReadModel(database)
  onTestFinished(() => readModel.close())
  return readModel
}

/** Everything that queries see of these entities. */
async function everythingOf(model: ReadModel, organization: OrganizationId, ids: Readonly<Record<string, string[]>>) {
  const of = <Id extends string>(kind: string) => (ids[kind] ?? []) as Id[]
  return {
    organization: await model.organization(organization),
    users: await model.usersByIds(organization, of('user')),
    keys: await model.keysByIds(organization, of('key')),
    groups: await model.groupsByIds(organization, of('group')),
    certificates: await model.certificatesByIds(organization, of('certificate')),
    projects: await model.projectsByIds(organization, of('project')),
    policies: await model.signingPoliciesByIds(organization, of('signingPolicy')),
    requests: await model.signingRequestsByIds(organization, of('signingRequest')),
    certificatesOfKeys: await model.certificatesOfKeys(organization, of('key')),
    policiesOfProjects: await model.signingPoliciesOfProjects(organization, of('project')),
    listed: (await model.listSigningRequests(organization, {}, { direction: 'forward', size: 100 })).items.map(
      ({ cursor, item }) => ({ cursor, item }),
    ),
  }
}

function changed(streamId: string, type: string, data: object, occurredAt: Instant): NewEvent {
  return {
    id: randomUUID(),
    type,
    data: { schemaVersion: 1, ...data },
    metadata: {
      schemaVersion: 1,
      organizationId: randomOrganization,
      actor: { kind: 'system', component: 'setup' },
      correlationId: streamId,
      causationId: streamId,
      occurredAt,
    },
  }
}

/** A group whose members changed at the times that clocks of three processes said. */
async function groupOf(log: EventLog, ...times: readonly [Instant, ...Instant[]]): Promise<GroupId> {
  const groupId = randomUUID() as GroupId
  const streamId = streams.group(groupId)
  const [created, ...changes] = times
  const facts = { groupId, organizationId: randomOrganization, name: 'Approvers', description: null, members: [] }
  await log.append(
    streamId,
    [
      changed(streamId, 'GroupCreated', facts, created),
      ...changes.map((at) =>
        changed(streamId, 'GroupMembersChanged', { added: [randomUUID() as UserId], removed: [] }, at),
      ),
    ],
    'noStream',
  )
  return groupId
}

describe.each(bothLogs)('the read model as of a moment, from %s', (_, open) => {
  it('shows each entity as a read model did that had the log up to then', async () => {
    const log = await open()
    await play(log, fc.sample(anyMoves(400), { numRuns: 1, seed: 23 })[0] ?? [])
    const events = await collect(log.readAll())
    const ids: Record<string, string[]> = {}
    for (const streamId of new Set(events.map((event) => event.streamId))) {
      const { kind, id } = parseStreamName(streamId) ?? { kind: '', id: '' }
      if (kind in projections) ids[kind] = [...(ids[kind] ?? []), id]
    }
    const present = await readModelOf(log)
    for (const part of [0.05, 0.3, 0.6, 0.9, 1]) {
      const last = events[Math.floor(part * (events.length - 1))]
      if (last === undefined) throw new Error('Nothing happened.')
      const at = last.metadata.occurredAt
      const then = await readModelOf({
        async *readAll() {
          yield events.filter(({ metadata: { occurredAt } }) => occurredAt <= at)
        },
      })
      const asOf = await everythingOf(readModelAsOf(log, present, at), randomOrganization, ids)
      // What certificates have expired is so by the clock: that of the moment, not that of this test.
      const { certificates, certificatesOfKeys, ...others } = await everythingOf(then, randomOrganization, ids)
      expect(asOf).toMatchObject(others)
      expect(asOf.certificates.map((each) => each?.revision)).toEqual(certificates.map((each) => each?.revision))
      expect(asOf.certificatesOfKeys.map(({ length }) => length)).toEqual(
        certificatesOfKeys.map(({ length }) => length),
      )
    }
  })

  it('ends at the first event that says it occurred later, whatever the clocks behind it say', async () => {
    const log = await open()
    const groupId = await groupOf(
      log,
      '2026-05-01T10:00:00.000Z',
      '2026-05-01T12:00:00.000Z',
      '2026-05-01T11:00:00.000Z',
      '2026-05-01T13:00:00.000Z',
    )
    const present = await readModelOf(log)
    const membersAt = async (at: Instant) =>
      (await readModelAsOf(log, present, at).groupsByIds(randomOrganization, [groupId]))[0]?.members.length
    expect(await membersAt('2026-05-01T09:59:59.999Z')).toBeUndefined()
    expect(await membersAt('2026-05-01T10:00:00.000Z')).toBe(0)
    expect(await membersAt('2026-05-01T11:30:00.000Z')).toBe(0)
    expect(await membersAt('2026-05-01T12:00:00.000Z')).toBe(2)
    expect(await membersAt('2026-05-01T13:00:00.000Z')).toBe(3)
    // The same question has the same answer when the log has grown by what is dated back.
    const late = changed(
      streams.group(groupId),
      'GroupDescribed',
      { name: 'B', description: null },
      '2026-05-01T10:30:00.000Z',
    )
    await log.append(streams.group(groupId), [late], 3)
    expect(await membersAt('2026-05-01T11:30:00.000Z')).toBe(0)
  })

  it('reads no stream for what the organization does not have, and shows nothing of it', async () => {
    const log = await open()
    const groupId = await groupOf(log, '2026-05-01T10:00:00.000Z')
    const reads: string[] = []
    const watched: Pick<EventLog, 'readStream'> = {
      readStream(streamId) {
        reads.push(streamId)
        return log.readStream(streamId)
      },
    }
    const model = readModelAsOf(watched, await readModelOf(log), '2026-06-01T00:00:00.000Z')
    const other = randomUUID() as OrganizationId
    expect(await model.groupsByIds(other, [groupId])).toEqual([undefined])
    expect(await model.groupsByIds(randomOrganization, [randomUUID() as GroupId])).toEqual([undefined])
    expect((await model.listGroups(other, { direction: 'forward', size: 10 })).items).toEqual([])
    expect(reads).toEqual([])
    expect(await model.groupsByIds(randomOrganization, [groupId])).toMatchObject([{ groupId }])
    expect(reads).toEqual([streams.group(groupId)])
  })

  it('refuses to choose requests by a status of then, which no index has', async () => {
    const log = await open()
    await groupOf(log, '2026-05-01T10:00:00.000Z')
    const model = readModelAsOf(log, await readModelOf(log), '2026-06-01T00:00:00.000Z')
    const page = { direction: 'forward', size: 10 } as const
    for (const filter of [{ statuses: ['Completed' as const] }, { workflowStatuses: ['Completed' as const] }])
      await expect(model.listSigningRequests(randomOrganization, filter, page)).rejects.toMatchObject({
        code: 'AS_OF_FILTER_UNSUPPORTED',
      })
  })
})

it('shows a certificate as expired from its last moment on, by the moment that is asked for', async () => {
  const [, open] = bothLogs[0] ?? []
  if (open === undefined) throw new Error('There is no log.')
  const log = await open()
  const certificateId = randomUUID() as CertificateId
  const streamId = streams.certificate(certificateId)
  const validity = { notBefore: '2020-01-01T00:00:00.000Z', notAfter: '2021-01-01T00:00:00.000Z' }
  const requested = { certificateId, organizationId: randomOrganization, keyId: randomUUID(), kind: 'selfSigned' }
  const names = { name: 'Test', renews: null, subject: { commonName: 'Test' } }
  await log.append(
    streamId,
    [
      changed(streamId, 'CertificateRequested', { ...requested, ...names, ...validity }, '2020-01-01T00:00:00.000Z'),
      changed(streamId, 'CertificateIssued', { format: 'x509', chain: [], ...validity }, '2020-01-01T00:00:01.000Z'),
    ],
    'noStream',
  )
  const present = await readModelOf(log)
  const statusAt = async (at: Instant) =>
    (await readModelAsOf(log, present, at).certificatesByIds(randomOrganization, [certificateId]))[0]?.status
  expect(await statusAt('2020-01-01T00:00:00.000Z')).toBe('requested')
  expect(await statusAt('2020-06-01T00:00:00.000Z')).toBe('active')
  expect(await statusAt('2021-01-01T00:00:00.000Z')).toBe('expired')
})
