import { describe, expect, it } from 'vitest'
import { createProject } from '../../application/create-project.ts'
import { createSigningPolicy } from '../../application/create-signing-policy.ts'
import { projectSlugStream } from '../../application/slug-streams.ts'
import { findTarget } from '../../application/submission-target.ts'
import { parseStreamName, projectDecider, streams } from '../../domain/index.ts'
import { type EventLog, openSqliteEventLog, readWholeStream } from '../../event-log/index.ts'
import { type TestApplication, testApplication } from '../support/test-application.ts'

const atOnce = 20

/** What came of calls that were made at once: how many succeeded, and the codes of the others. */
async function outcomes(calls: readonly Promise<unknown>[]): Promise<{ won: number; codes: readonly string[] }> {
  const settled = await Promise.allSettled(calls)
  const refused = settled.filter((each) => each.status === 'rejected')
  return { won: settled.length - refused.length, codes: refused.map(({ reason }) => String(reason.code)) }
}

const times = <Result>(count: number, make: (index: number) => Result): Result[] =>
  Array.from({ length: count }, (_, index) => make(index))

/** How many events of a type the log has. */
async function count(test: TestApplication, wanted: string): Promise<number> {
  let found = 0
  for await (const events of test.dependencies.log.readAll())
    found += events.filter(({ type }) => type === wanted).length
  return found
}

/** Somebody's call: what two calls do are two things, also when they say the same. */
const aCall = ({ setup }: TestApplication) => setup.anotherCall()

/** A log whose appends to some streams never happen: the process ends before. */
function failingAppends(log: EventLog, fails: (streamId: string) => boolean): EventLog {
  return {
    ...log,
    async append(streamId, events, expected) {
      if (fails(streamId)) throw new Error('The process ended.')
      return log.append(streamId, events, expected)
    },
  }
}

const project = (test: TestApplication, slug: string, dependencies = test.dependencies) =>
  createProject(dependencies, aCall(test), { slug, name: slug, description: null, repositoryUrl: null })

describe('a slug', () => {
  it('goes to one of many projects that ask for it at once', async () => {
    const test = await testApplication()
    const spellings = ['tool', 'TOOL', 'Tool']
    const { won, codes } = await outcomes(times(atOnce, (index) => project(test, spellings[index % 3] ?? '')))
    expect(won).toBe(1)
    expect(codes).toEqual(Array(atOnce - 1).fill('PROJECT_SLUG_TAKEN'))
    const slugStream = projectSlugStream(test.setup.organizationId, 'tool')
    expect((await readWholeStream(test.dependencies.log, slugStream)).events).toHaveLength(1)
    expect(await count(test, 'ProjectCreated')).toBe(1)
  })

  it('goes to one project when several processes write to one log', async () => {
    const test = await testApplication()
    const logs = times(4, () => openSqliteEventLog({ path: test.logPath }))
    const { won, codes } = await outcomes(
      times(atOnce, (index) => {
        const log = logs[index % logs.length]
        return project(test, 'tool', log === undefined ? test.dependencies : { ...test.dependencies, log })
      }),
    )
    await Promise.all(logs.map((log) => log.close()))
    expect(won).toBe(1)
    expect(new Set(codes)).toEqual(new Set(['PROJECT_SLUG_TAKEN']))
  })

  it('of each of many projects made at once is theirs', async () => {
    const test = await testApplication()
    expect(await outcomes(times(atOnce, (index) => project(test, `tool-${index}`)))).toEqual({ won: atOnce, codes: [] })
  })

  it('goes to one of many signing policies that ask for it at once, and is free in another project', async () => {
    const test = await testApplication()
    const user = await test.user('Member')
    const [first, second] = [
      await test.policy({ submitters: [user] }),
      await test.policy({ submitters: [user], slug: 'other' }),
    ]
    const certificateId = await test.certificate()
    const policy = (projectId: typeof first.projectId) =>
      createSigningPolicy(test.dependencies, aCall(test), {
        projectId,
        slug: 'nightly',
        settings: {
          name: 'Nightly',
          certificateId,
          submitters: [{ user: user.userId }],
          approval: null,
          timestamp: 'none',
          release: false,
          existingSignatures: ['replace', 'append', 'refuse'],
        },
      })
    const { won, codes } = await outcomes(times(atOnce, () => policy(first.projectId)))
    expect(won).toBe(1)
    expect(codes).toEqual(Array(atOnce - 1).fill('SIGNING_POLICY_SLUG_TAKEN'))
    await policy(second.projectId)
  })

  it.each([
    ['before its reservation', 'projectSlug'],
    ['between its reservation and its project', 'project'],
  ])('is not blocked by a process that ended %s', async (_, kind) => {
    const test = await testApplication()
    const { log } = test.dependencies
    const broken = failingAppends(log, (streamId) => parseStreamName(streamId)?.kind === kind)
    await expect(project(test, 'tool', { ...test.dependencies, log: broken })).rejects.toThrow('ended')
    expect(await count(test, 'ProjectCreated')).toBe(0)
    const { projectId } = await project(test, 'Tool')
    expect(await count(test, 'ProjectSlugReserved')).toBe(1)
    const { events } = await readWholeStream(log, streams.project(projectId))
    expect(events.map(({ data }) => data.slug)).toEqual(['tool'])
    expect(await outcomes([project(test, 'tool')])).toEqual({ won: 0, codes: ['PROJECT_SLUG_TAKEN'] })
  })

  it('is not blocked for signing policies by a process that ended', async () => {
    const test = await testApplication()
    const user = await test.user('Member')
    const { projectId } = await test.policy({ submitters: [user] })
    const certificateId = await test.certificate()
    const make = (dependencies: typeof test.dependencies) =>
      createSigningPolicy(dependencies, aCall(test), {
        projectId,
        slug: 'nightly',
        settings: {
          name: 'Nightly',
          certificateId,
          submitters: [{ user: user.userId }],
          approval: null,
          timestamp: 'none',
          release: false,
          existingSignatures: ['replace', 'append', 'refuse'],
        },
      })
    const { log } = test.dependencies
    const broken = failingAppends(log, (streamId) => parseStreamName(streamId)?.kind === 'signingPolicy')
    await expect(make({ ...test.dependencies, log: broken })).rejects.toThrow('ended')
    const { signingPolicyId } = await make(test.dependencies)
    const { policy: found } = await findTarget(test.dependencies, user, {
      project: projectId,
      signingPolicy: 'NIGHTLY',
    })
    expect(found.signingPolicyId).toBe(signingPolicyId)
    expect(await outcomes([make(test.dependencies)])).toEqual({ won: 0, codes: ['SIGNING_POLICY_SLUG_TAKEN'] })
  })

  it('has one holder also when its reservation is older than whoever takes it over, who is slow', async () => {
    const test = await testApplication()
    const { log } = test.dependencies
    const [reserved, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slow: EventLog = {
      ...log,
      async append(streamId, events, expected) {
        if (parseStreamName(streamId)?.kind === 'project') {
          reserved.resolve()
          await goOn.promise
        }
        return log.append(streamId, events, expected)
      },
    }
    const late = outcomes([project(test, 'tool', { ...test.dependencies, log: slow })])
    await reserved.promise
    const { won } = await outcomes(times(atOnce, () => project(test, 'tool')))
    goOn.resolve()
    expect([won, await late]).toEqual([1, { won: 0, codes: ['PROJECT_SLUG_TAKEN'] }])
    expect(await count(test, 'ProjectCreated')).toBe(1)
  })

  it('stands in no name of a stream: appends of other tenants name those in their signatures', async () => {
    const test = await testApplication()
    const user = await test.user('Member')
    await test.policy({ submitters: [user], slug: 'moonshot' })
    const names: string[] = []
    for await (const events of test.dependencies.log.readAll()) names.push(...events.map(({ streamId }) => streamId))
    expect(new Set(names.map((name) => parseStreamName(name)?.kind))).toContain('signingPolicySlug')
    for (const name of names)
      expect(name).toMatch(/^[a-z][A-Za-z]*-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
  })

  it('is not taken by what was refused for another reason', async () => {
    const test = await testApplication()
    const malformed = { slug: 'tool', name: '', description: null, repositoryUrl: null }
    await expect(createProject(test.dependencies, test.setup, malformed)).rejects.toMatchObject({
      code: 'NAME_MALFORMED',
    })
    const { projectId } = await project(test, 'tool')
    const { events } = await readWholeStream(test.dependencies.log, streams.project(projectId))
    expect(events.map(({ type }) => type)).toEqual([projectDecider.eventTypes[0]])
  })
})
