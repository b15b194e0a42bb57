import { describe, expect, it } from 'vitest'
import type { TrustedBuildSystemLinking } from '../../application/index.ts'
import { load } from '../../application/load.ts'
import {
  linkOf,
  streams,
  type TrustedBuildSystem,
  type TrustedBuildSystemKind,
  trustedBuildSystemDecider,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { codeOf } from '../support/code-of.ts'
import { type TestApplication, type TestCaller, testApplication } from '../support/test-application.ts'
import { refusedTarget } from '../support/web-hooks.ts'

const azure = { baseUrl: 'https://dev.azure.com/example', project: 'Library' }
const key = (value: string) => [{ name: 'apiKey', value }]

async function world(kind: TrustedBuildSystemKind = 'azureDevOps') {
  const test = await testApplication()
  const ada = await test.user('Ada', 'globalAdministrator')
  const { projectId } = await test.policy({ submitters: [] })
  const system = async (of: TrustedBuildSystemKind, slug: string) => {
    const made = { slug, name: 'Builds', description: null, kind: of }
    return (await test.application.createTrustedBuildSystem(ada, made)).trustedBuildSystemId
  }
  const trustedBuildSystemId = await system(kind, 'builds')
  const place = { trustedBuildSystemId, projectId }
  const link = (said: Partial<TrustedBuildSystemLinking>) =>
    test.application.linkTrustedBuildSystem(ada, { ...place, ...said })
  return { test, ada, place, link, system, linked: () => linkIn(test, place) }
}

async function linkIn(
  { dependencies: { log } }: TestApplication,
  { trustedBuildSystemId, projectId }: Pick<TrustedBuildSystemLinking, 'trustedBuildSystemId' | 'projectId'>,
) {
  const { state } = await load(log, streams.trustedBuildSystem(trustedBuildSystemId), trustedBuildSystemDecider)
  return linkOf(state as TrustedBuildSystem, projectId)
}

describe('a link of a trusted build system to a project', () => {
  it('has settings as they were given, and secrets whose values are kept elsewhere', async () => {
    const { test, link, linked, place } = await world()
    await link({ settings: azure, secrets: key('a key of Azure') })
    expect(await linked()).toEqual({
      projectId: place.projectId,
      settings: azure,
      secrets: [{ name: 'apiKey', secretId: expect.any(String) }],
    })
    const [[at, value] = []] = [...test.secrets]
    expect([at, value]).toEqual([`buildSystemSecret ${(await linked())?.secrets[0]?.secretId}`, 'a key of Azure'])
    const { events } = await readWholeStream(
      test.dependencies.log,
      streams.trustedBuildSystem(place.trustedBuildSystemId),
    )
    expect(JSON.stringify(events)).not.toContain('a key of Azure')
  })

  it('is refused, and nothing kept of it, when its kind asks for something else', async () => {
    const { test, ada, link, system, linked, place } = await world()
    const gitHub = await system('githubActions', 'github')
    const jenkins = await system('jenkins', 'jenkins')
    const custom = await system('custom', 'custom')
    const refused = (trustedBuildSystemId: typeof gitHub, said: Partial<TrustedBuildSystemLinking>) =>
      test.application.linkTrustedBuildSystem(ada, { ...place, trustedBuildSystemId, ...said })
    const pipelinePolicies = [{ name: 'Runners', level: 'enforce', source: { kind: 'internal', yaml: 'runners: 7' } }]
    const cases = [
      [
        () => link({ settings: { ...azure, baseUrl: 'dev.azure.com' }, secrets: key('k') }),
        'ORIGIN_LINK_INVALID',
        'settings.baseUrl',
      ],
      [() => link({ settings: { ...azure, apiKey: 'k' }, secrets: key('k') }), 'ORIGIN_LINK_INVALID', 'settings'],
      [() => link({ settings: azure }), 'ORIGIN_SECRET_MISSING', undefined],
      [
        () => link({ settings: azure, secrets: [...key('k'), { name: 'password', value: 'p' }] }),
        'ORIGIN_LINK_INVALID',
        'secrets.password',
      ],
      [() => link({ settings: azure, secrets: key('two\nlines') }), 'ORIGIN_LINK_INVALID', 'secrets.apiKey'],
      [() => link({ settings: azure, secrets: key('') }), 'ORIGIN_LINK_INVALID', 'secrets.apiKey'],
      [() => link({ settings: 'none' as never, secrets: key('k') }), 'ORIGIN_LINK_INVALID', 'settings'],
      [() => link({ settings: azure, secrets: [...key('k'), ...key('l')] }), 'ORIGIN_LINK_INVALID', 'secrets'],
      [
        () => refused(gitHub, { settings: { pipelinePolicies } }),
        'PIPELINE_POLICY_KEY_UNKNOWN',
        'settings.pipelinePolicies.0.source.yaml',
      ],
      [
        () => refused(jenkins, { settings: { baseUrl: 'https://ci.example' }, secrets: key('k') }),
        'ORIGIN_LINK_INVALID',
        'settings.userName',
      ],
      [
        () => refused(jenkins, { settings: { baseUrl: 'https://ci.example', userName: 'u' } }),
        'ORIGIN_SECRET_MISSING',
        undefined,
      ],
      [() => refused(custom, { settings: { baseUrl: 'https://ci.example' } }), 'ORIGIN_LINK_INVALID', 'settings'],
      [() => refused(custom, { secrets: key('k') }), 'ORIGIN_LINK_INVALID', 'secrets.apiKey'],
    ] as const
    for (const [call, code, field] of cases)
      await expect(call()).rejects.toMatchObject({ code, details: field === undefined ? {} : { field } })
    expect([await linked(), test.secrets.size]).toEqual([undefined, 0])
  })

  it('has another secret in the place of the one before, which is gone; one that is not named stays', async () => {
    const { test, ada, link, linked, place } = await world()
    const change = (said: object) => test.application.changeTrustedBuildSystemLink(ada, { ...place, ...said })
    expect(await codeOf(change({ settings: azure }))).toBe('TRUSTED_BUILD_SYSTEM_NOT_LINKED')
    await link({ settings: azure, secrets: key('first') })
    await change({ settings: { ...azure, poolIds: [7] } })
    expect([...test.secrets.values()]).toEqual(['first'])
    await change({ secrets: key('second') })
    expect([...test.secrets.values()]).toEqual(['second'])
    expect((await linked())?.settings).toEqual({ ...azure, poolIds: [7] })
    expect(await codeOf(change({ secrets: [{ name: 'apiKey', value: null }] }))).toBe('ORIGIN_SECRET_MISSING')
    expect(await codeOf(change({ settings: { ...azure, poolIds: [7] } }))).toBe('TRUSTED_BUILD_SYSTEM_LINK_UNCHANGED')
    expect(await codeOf(change({ secrets: key('third'), basedOnRevision: 1 }))).toBe('CHANGE_STALE')
    expect([...test.secrets.values()]).toEqual(['second'])
    await test.application.unlinkTrustedBuildSystem(ada, place)
    expect([await linked(), test.secrets.size]).toEqual([undefined, 0])
  })

  it('names no address that is never called, which is checked each time it is said', async () => {
    const { test, ada, link, place, linked } = await world()
    const refused = { ...azure, baseUrl: refusedTarget }
    expect(await codeOf(link({ settings: refused, secrets: key('k') }))).toBe('OUTGOING_ADDRESS_REFUSED')
    expect([await linked(), test.secrets.size, test.webHooks.checked]).toEqual([undefined, 0, [refusedTarget]])
    await link({ settings: azure, secrets: key('k') })
    const change = { ...place, settings: refused, secrets: key('another') }
    expect(await codeOf(test.application.changeTrustedBuildSystemLink(ada, change))).toBe('OUTGOING_ADDRESS_REFUSED')
    expect([...test.secrets.values()]).toEqual(['k'])
  })

  it('has its secret given anew where it names another address: nobody has one sent elsewhere who was not shown it', async () => {
    const { test, ada, link, linked, place } = await world()
    const change = (said: object) => test.application.changeTrustedBuildSystemLink(ada, { ...place, ...said })
    await link({ settings: azure, secrets: key('k') })
    const elsewhere = { ...azure, baseUrl: 'https://azure.example' }
    await expect(change({ settings: elsewhere })).rejects.toMatchObject({
      code: 'ORIGIN_SECRET_MISSING',
      message: expect.stringContaining('names another address'),
    })
    expect((await linked())?.settings).toEqual(azure)
    await change({ settings: elsewhere, secrets: key('for elsewhere') })
    expect([(await linked())?.settings, ...test.secrets.values()]).toEqual([elsewhere, 'for elsewhere'])
  })

  it('loses a secret that it need not have', async () => {
    const { test, ada, link, linked, place } = await world('jenkins')
    await link({ secrets: key('k') })
    await test.application.changeTrustedBuildSystemLink(ada, { ...place, secrets: [{ name: 'apiKey', value: null }] })
    expect([await linked(), test.secrets.size]).toEqual([{ projectId: place.projectId, settings: {}, secrets: [] }, 0])
  })

  it('of another organization is as none', async () => {
    const { test, ada, link, place } = await world()
    await link({ settings: azure, secrets: key('k') })
    const stranger = { ...ada, organizationId: '0b7e9a52-1c3d-4e5f-8a9b-0c1d2e3f4a5b' } as unknown as TestCaller
    for (const call of ['changeTrustedBuildSystemLink', 'unlinkTrustedBuildSystem'] as const)
      expect(await codeOf(test.application[call](stranger, place))).toBe('TRUSTED_BUILD_SYSTEM_NOT_FOUND')
    expect(test.secrets.size).toBe(1)
  })
})

describe('a link where changes need approval', () => {
  async function controlled() {
    const made = await world()
    const { test, ada, place } = made
    await made.link({ settings: azure, secrets: key('first') })
    const bea = await test.user('Bea', 'globalAdministrator')
    await test.application.changeChangeControl(ada, {
      changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 },
    })
    const propose = async (said: object) => {
      const { changeProposalId } = await test.application.changeTrustedBuildSystemLink(ada, { ...place, ...said })
      if (changeProposalId === undefined) throw new Error('Nothing was proposed.')
      return { changeProposalId, comment: null }
    }
    return { ...made, bea, propose }
  }

  it('is changed by a proposal that names the secret by its id: it expires with it, and is kept when it is applied', async () => {
    const { test, bea, propose, linked } = await controlled()
    const proposal = await propose({ settings: { ...azure, poolIds: [7] }, secrets: key('second') })
    expect((await linked())?.settings).toEqual(azure)
    expect([...test.secrets.values()].toSorted()).toEqual(['first', 'second'])
    expect([...test.expiringSecrets.values()]).toEqual(['2026-03-03T12:00:00.000Z'])
    const { events } = await readWholeStream(test.dependencies.log, streams.changeProposal(proposal.changeProposalId))
    expect(JSON.stringify(events)).not.toContain('second')

    await test.application.approveChange(bea, proposal)
    const { settings, secrets } = (await linked()) ?? {}
    expect(settings).toEqual({ ...azure, poolIds: [7] })
    expect([...test.secrets]).toEqual([[`buildSystemSecret ${secrets?.[0]?.secretId}`, 'second']])
    expect(test.expiringSecrets.size).toBe(0)
  })

  it('keeps the secret that it has when a change of it is rejected, or lapses; the other one is removed', async () => {
    const { test, ada, bea, propose, place, linked } = await controlled()
    await test.application.rejectChange(bea, await propose({ secrets: key('second') }))
    expect([...test.secrets.values()]).toEqual(['first'])
    const stale = await propose({ secrets: key('third') })
    await test.application.disableTrustedBuildSystem(ada, { ...place, reason: null })
    expect([...test.secrets.values()].toSorted()).toEqual(['first', 'third'])
    expect(await codeOf(test.application.approveChange(bea, stale))).toBe('CHANGE_STALE')
    expect([...test.secrets.values()]).toEqual(['first'])
    expect(test.expiringSecrets.size).toBe(0)
    expect((await linked())?.secrets).toHaveLength(1)
  })

  it('is made by a proposal, and ended without one', async () => {
    const { test, ada, bea, place, link } = await controlled()
    await test.application.unlinkTrustedBuildSystem(ada, place)
    expect(test.secrets.size).toBe(0)
    const { changeProposalId } = await link({ settings: azure, secrets: key('again') })
    if (changeProposalId === undefined) throw new Error('Nothing was proposed.')
    await test.application.approveChange(bea, { changeProposalId, comment: null })
    expect([[...test.secrets.values()], test.expiringSecrets.size]).toEqual([['again'], 0])
  })
})
