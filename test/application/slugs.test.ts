import { describe, expect, it } from 'vitest'
import { createProject, createSigningPolicy } from '../../application/index.ts'
import { projectDecider, streams } from '../../domain/index.ts'
import { openSqliteEventLog, readWholeStream } from '../../event-log/index.ts'
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

const project = (test: TestApplication, slug: string, dependencies = test.dependencies) =>
  createProject(dependencies, test.setup, { slug, name: slug, description: null, repositoryUrl: null })

describe('a slug', () => {
  it('goes to one of many projects that ask for it at once', async () => {
    const test = await testApplication()
    const spellings = ['tool', 'TOOL', 'Tool']
    const { won, codes } = await outcomes(times(atOnce, (index) => project(test, spellings[index % 3] ?? '')))
    expect(won).toBe(1)
    expect(codes).toEqual(Array(atOnce - 1).fill('PROJECT_SLUG_TAKEN'))
    const { events } = await readWholeStream(test.dependencies.log, streams.organization(test.setup.organizationId))
    expect(events.filter(({ type }) => type === 'ProjectSlugReserved')).toHaveLength(1)
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
      createSigningPolicy(test.dependencies, test.setup, {
        projectId,
        slug: 'nightly',
        settings: {
          name: 'Nightly',
          certificateId,
          submitters: [user.userId],
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
