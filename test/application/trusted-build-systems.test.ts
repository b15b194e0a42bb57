import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { load } from '../../application/load.ts'
import {
  type OrganizationId,
  type ProjectId,
  streams,
  type TrustedBuildSystemId,
  trustedBuildSystemDecider,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { type TestApplication, testApplication } from '../support/test-application.ts'

const address = '192.0.2.7'
const input = { slug: 'jenkins', name: 'Jenkins', description: null, kind: 'jenkins' } as const

async function withBuildSystem() {
  const test = await testApplication()
  const ada = await test.user('Ada', 'globalAdministrator')
  const made = await test.application.createTrustedBuildSystem(ada, input)
  return { test, ada, ...made }
}

const stateOf = async ({ dependencies: { log } }: TestApplication, id: TrustedBuildSystemId) =>
  load(log, streams.trustedBuildSystem(id), trustedBuildSystemDecider)

describe('a trusted build system', () => {
  it('is created, changed, given a token, disabled and enabled by Global Administrators, and by nobody else', async () => {
    const { test, ada, trustedBuildSystemId } = await withBuildSystem()
    const { projectId } = await test.policy({ submitters: [] })
    const of = { trustedBuildSystemId }
    const calls = {
      updateTrustedBuildSystem: { ...of, basedOnRevision: 1, name: 'Builds', description: null },
      rotateTrustedBuildSystemToken: { ...of, previousTokenValidUntil: null },
      disableTrustedBuildSystem: { ...of, reason: null },
      enableTrustedBuildSystem: of,
      linkTrustedBuildSystem: { ...of, projectId },
      unlinkTrustedBuildSystem: { ...of, projectId },
    } as const
    const pat = await test.user('Pat', 'projectAdministrator', 'userAdministrator', 'certificateAdministrator')
    await expect(test.application.createTrustedBuildSystem(pat, { ...input, slug: 'x' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
    for (const [useCase, given] of Object.entries(calls)) {
      const call = test.application[useCase as keyof typeof calls] as (by: unknown, input: unknown) => Promise<unknown>
      await expect(call(pat, given), useCase).rejects.toMatchObject({ code: 'FORBIDDEN' })
      await call(ada, given)
    }
    expect((await stateOf(test, trustedBuildSystemId)).revision).toBe(1 + Object.keys(calls).length)
  })

  it('is changed from the revision that was seen, and not from an older one', async () => {
    const { test, ada, trustedBuildSystemId } = await withBuildSystem()
    const rename = (name: string, basedOnRevision: number) =>
      test.application.updateTrustedBuildSystem(ada, { trustedBuildSystemId, basedOnRevision, name, description: null })
    await rename('Builds', 1)
    await expect(rename('Others', 1)).rejects.toMatchObject({ code: 'CHANGE_STALE' })
    expect((await stateOf(test, trustedBuildSystemId)).state).toMatchObject({ name: 'Builds' })
  })

  it('shares its slug with none of its organization, in whatever case', async () => {
    const { test, ada } = await withBuildSystem()
    await expect(test.application.createTrustedBuildSystem(ada, { ...input, slug: 'JENKINS' })).rejects.toMatchObject({
      code: 'TRUSTED_BUILD_SYSTEM_SLUG_TAKEN',
    })
    await expect(test.application.createTrustedBuildSystem(ada, { ...input, slug: 'jеnkins' })).rejects.toMatchObject({
      code: 'SLUG_MALFORMED',
    })
    // What is refused leaves the slug free.
    await expect(
      test.application.createTrustedBuildSystem(ada, { ...input, slug: 'gitlab', name: ' ' }),
    ).rejects.toMatchObject({ code: 'NAME_MALFORMED' })
    await test.application.createTrustedBuildSystem(ada, { ...input, slug: 'gitlab' })
  })

  it('of another organization, or linked to a project of one, is as none', async () => {
    const { test, ada, trustedBuildSystemId } = await withBuildSystem()
    const { projectId } = await test.policy({ submitters: [] })
    const stranger = { ...ada, organizationId: randomUUID() as OrganizationId }
    await expect(
      test.application.disableTrustedBuildSystem(stranger, { trustedBuildSystemId, reason: null }),
    ).rejects.toMatchObject({ code: 'TRUSTED_BUILD_SYSTEM_NOT_FOUND' })
    for (const project of [randomUUID() as ProjectId, projectId]) {
      const by = project === projectId ? stranger : ada
      await expect(
        test.application.linkTrustedBuildSystem(by, { trustedBuildSystemId, projectId: project }),
      ).rejects.toMatchObject({ code: 'PROJECT_NOT_FOUND' })
    }
    expect((await stateOf(test, trustedBuildSystemId)).revision).toBe(1)
  })

  it('has its token nowhere in the log', async () => {
    const { test, trustedBuildSystemId, token } = await withBuildSystem()
    expect(token).toMatch(/^csb_[0-9a-f]{32}_[0-9A-Za-z]{49}$/)
    const { events } = await readWholeStream(test.dependencies.log, streams.trustedBuildSystem(trustedBuildSystemId))
    const secret = token.slice(-49)
    expect(JSON.stringify(events)).not.toContain(secret.slice(6))
    expect(events).toHaveLength(2)
  })
})

describe('a call with the token of a trusted build system', () => {
  const rotate = (
    { test, ada, trustedBuildSystemId }: Awaited<ReturnType<typeof withBuildSystem>>,
    previousTokenValidUntil: string | null,
  ) => test.application.rotateTrustedBuildSystemToken(ada, { trustedBuildSystemId, previousTokenValidUntil })

  it('is one that the build system vouches for', async () => {
    const world = await withBuildSystem()
    const { test, ada, trustedBuildSystemId, tokenId, token } = world
    const authenticate = (trustedBuildSystemToken: string | undefined) =>
      test.application.authenticate({ apiToken: ada.token, trustedBuildSystemToken }, address)
    expect(await authenticate(token)).toMatchObject({
      userId: ada.userId,
      vouchedBy: { trustedBuildSystemId, proof: { method: 'token', tokenId }, node: null },
    })
    expect(await authenticate(undefined)).not.toHaveProperty('vouchedBy')
    expect(await test.refusals()).toEqual([])
  })

  it('is refused, and recorded with who called, when the token is wrong, replaced, or of a disabled or foreign one', async () => {
    const world = await withBuildSystem()
    const { test, ada, trustedBuildSystemId, token } = world
    const other = await testApplication({ log: test.dependencies.log })
    const boss = await other.user('Boss', 'globalAdministrator')
    const foreign = (await other.application.createTrustedBuildSystem(boss, input)).token
    const codeOf = async (trustedBuildSystemToken: string) => {
      try {
        await test.application.authenticate({ apiToken: ada.token, trustedBuildSystemToken }, address)
      } catch (error) {
        return (error as { code: string }).code
      }
      return 'not refused'
    }
    const unknown = 'TRUSTED_BUILD_SYSTEM_TOKEN_INVALID'
    for (const text of ['', ada.token, token.slice(0, -1), `${token}0`, `${token.slice(0, -1)}*`, foreign])
      expect(await codeOf(text), text).toBe(unknown)
    const { token: second } = await rotate(world, null)
    expect(await codeOf(token)).toBe('TRUSTED_BUILD_SYSTEM_TOKEN_REPLACED')
    expect(await codeOf(second)).toBe('not refused')
    await test.application.disableTrustedBuildSystem(ada, { trustedBuildSystemId, reason: null })
    expect(await codeOf(second)).toBe('TRUSTED_BUILD_SYSTEM_DISABLED')
    await test.application.enableTrustedBuildSystem(ada, { trustedBuildSystemId })
    expect(await codeOf(second)).toBe('not refused')

    await test.dependencies.refusals.close()
    const recorded = (await test.securityEvents()).filter(({ type }) => type === 'CommandRefused')
    const actor = { kind: 'user', userId: ada.userId, authentication: { method: 'apiToken', tokenId: ada.tokenId } }
    for (const { metadata } of recorded) expect(metadata.actor).toEqual(actor)
    const counts = new Map<unknown, number>()
    for (const { data } of recorded) counts.set(data.code, (counts.get(data.code) ?? 0) + Number(data.count))
    expect(Object.fromEntries(counts)).toEqual({
      [unknown]: 6,
      TRUSTED_BUILD_SYSTEM_TOKEN_REPLACED: 1,
      TRUSTED_BUILD_SYSTEM_DISABLED: 1,
    })
    // Those of one kind are counted together after the first.
    expect(recorded.length).toBeLessThan(6)
    const secrets = [token, second, foreign].map((text) => text.slice(-49, -6))
    for (const secret of secrets) expect(JSON.stringify(recorded)).not.toContain(secret)
  })

  it('works with the token before until the moment that was named', async () => {
    const world = await withBuildSystem()
    const { test, ada, token } = world
    await rotate(world, '2026-03-01T13:00:00.000Z')
    const call = () => test.application.authenticate({ apiToken: ada.token, trustedBuildSystemToken: token }, address)
    await call()
    test.clock.now = '2026-03-01T13:00:00.000Z'
    await expect(call()).rejects.toMatchObject({ code: 'TRUSTED_BUILD_SYSTEM_TOKEN_REPLACED' })
  })

  it('says in what it causes who vouched', async () => {
    const { test, ada, trustedBuildSystemId, token } = await withBuildSystem()
    const vouched = await test.application.authenticate(
      { apiToken: ada.token, trustedBuildSystemToken: token },
      address,
    )
    const { projectId } = await test.application.createProject(vouched, {
      slug: 'tool',
      name: 'Tool',
      description: null,
      repositoryUrl: null,
    })
    const { events } = await readWholeStream(test.dependencies.log, streams.project(projectId))
    expect(events[0]?.metadata.actor).toMatchObject({ kind: 'user', vouchedBy: { trustedBuildSystemId } })
  })
})
