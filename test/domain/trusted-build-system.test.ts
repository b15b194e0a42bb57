import { describe, expect, it } from 'vitest'
import {
  demandsProxy,
  fold,
  type LinkSecret,
  type LinkSecretId,
  type OrganizationId,
  type ProjectId,
  registeredKeys,
  requireTrustedBuildSystem,
  trustedBuildSystemDecider as system,
  type TrustedBuildSystemEvent,
  type TrustedBuildSystemId,
  type TrustedBuildSystemLinked,
  type TrustedBuildSystemTokenId,
  trustedBuildSystemKinds,
  usableBuildSystemToken,
  worksAt,
} from '../../domain/index.ts'
import { event, given, itRefuses, refusalOf } from '../support/decider-spec.ts'
import { fixedUuid } from '../support/submission.ts'

const at = '2026-11-29T12:00:00.000Z'
const later = '2026-11-29T13:00:00.000Z'
const muchLater = '2026-12-30T12:00:00.000Z'
const projectId = fixedUuid<ProjectId>('4')
const other = fixedUuid<ProjectId>('5')
const token = (digit: string) => ({
  tokenId: fixedUuid<TrustedBuildSystemTokenId>(digit),
  tokenHash: digit.repeat(64),
  prefix: 'abcdef',
})
const facts = {
  trustedBuildSystemId: fixedUuid<TrustedBuildSystemId>('d'),
  organizationId: fixedUuid<OrganizationId>('3'),
  slug: 'jenkins',
  kind: 'jenkins',
  name: 'Jenkins',
  description: null,
} as const
const create = { type: 'CreateTrustedBuildSystem', ...facts, token: token('1') } as const
const happened = event<TrustedBuildSystemEvent, TrustedBuildSystemEvent['type']>
const created = happened('TrustedBuildSystemCreated', facts)
const issued = (digit: string, previousTokenValidUntil: string | null = null) =>
  happened('TrustedBuildSystemTokenIssued', { ...token(digit), previousTokenValidUntil })
const first = [created, issued('1')] as const
const disabled = happened('TrustedBuildSystemDisabled', { reason: 'stolen' })
const enabled = happened('TrustedBuildSystemEnabled', {})
const linked = happened('TrustedBuildSystemLinked', { projectId })
const unlinked = happened('TrustedBuildSystemUnlinked', { projectId })
const nodes = happened('TrustedBuildSystemCreated', { ...facts, kind: 'authenticationProxy' })
const proxyKey = (number: number) => ({
  keyId: String(number).padStart(64, '0'),
  publicKey: `MCowBQYDK2VwAyEA${'A'.repeat(43)}=`,
})
const registered = (number: number) => happened('TrustedBuildSystemProxyKeyRegistered', proxyKey(number))
const removed = (number: number) =>
  happened('TrustedBuildSystemProxyKeyRemoved', { keyId: proxyKey(number).keyId, reason: null })
const register = { type: 'RegisterProxyKey', ...proxyKey(1) } as const
const remove = { type: 'RemoveProxyKey', keyId: proxyKey(1).keyId, reason: null } as const
const rotate = { type: 'RotateToken', token: token('2'), previousTokenValidUntil: null, at } as const
const change = { type: 'ChangeTrustedBuildSystem', name: 'Builds', description: 'In Bonn' } as const
const link = { type: 'LinkProject', projectId, settings: {}, secrets: [] } as const
const secretId = fixedUuid<LinkSecretId>
const apiKey = (digit: string) => ({ name: 'apiKey', secretId: secretId(digit) })
const settings = { baseUrl: 'https://builds.example', ids: [1, 2], nothing: null, isPublic: true }
const linkedTo = (project: ProjectId) => happened('TrustedBuildSystemLinked', { projectId: project })
const linkedWith = (secrets: readonly LinkSecret[], said: object = settings) => {
  const linkedSo = happened('TrustedBuildSystemLinked', { projectId, settings: { ...said }, secrets })
  return { ...linkedSo, data: { ...linkedSo.data, schemaVersion: 2 } } as TrustedBuildSystemLinked
}
const changedTo = (said: object, secrets: readonly LinkSecret[]) =>
  happened('TrustedBuildSystemLinkChanged', { projectId, settings: { ...said }, secrets })
const changeLink = { type: 'ChangeLink', projectId, secrets: [] } as const
const invalid = (said: unknown, secrets: readonly LinkSecret[] = []) =>
  ({ ...link, settings: said as typeof settings, secrets }) as const
const unlink = { type: 'UnlinkProject', projectId } as const
const disable = { type: 'DisableTrustedBuildSystem', reason: 'stolen' } as const
const enable = { type: 'EnableTrustedBuildSystem' } as const

/** An object in an object in an object. */
function nested(depth: number): object {
  return depth === 0 ? {} : { inner: nested(depth - 1) }
}

describe('a trusted build system', () => {
  it('is created with its first token, enabled and linked to nothing, its slug in lower case', () => {
    given(system)
      .when({ ...create, slug: 'Jenkins', name: ' Jenkins ' })
      .thenEvents(...first)
    expect(fold(system, first)).toMatchObject({ status: 'enabled', projects: [] })
  })

  it('is of each kind that there is', () => {
    for (const kind of trustedBuildSystemKinds)
      given(system)
        .when({ ...create, kind })
        .thenEvents(happened('TrustedBuildSystemCreated', { ...facts, kind }), issued('1'))
  })

  it('is changed, disabled and enabled, linked and unlinked', () => {
    given(system, ...first)
      .when(change)
      .thenEvents(happened('TrustedBuildSystemChanged', { name: 'Builds', description: 'In Bonn' }))
    given(system, ...first)
      .when(disable)
      .thenEvents(disabled)
    given(system, ...first, disabled)
      .when(enable)
      .thenEvents(enabled)
    given(system, ...first)
      .when(link)
      .thenEvents(linked)
    given(system, ...first, linked)
      .when(unlink)
      .thenEvents(unlinked)
    expect(fold(system, [...first, linked, disabled])).toMatchObject({ status: 'disabled', projects: [projectId] })
    expect(fold(system, [...first, linked, disabled, enabled, unlinked])).toMatchObject({
      status: 'enabled',
      projects: [],
    })
  })

  it('is linked with settings and secrets, which a change says anew: a secret that it does not name stays', () => {
    given(system, ...first)
      .when({ ...link, settings, secrets: [apiKey('b'), { ...apiKey('a'), name: 'account' }] })
      .thenEvents(linkedWith([{ ...apiKey('a'), name: 'account' }, apiKey('b')]))
    given(system, ...first, linkedWith([apiKey('a')]))
      .when({ ...changeLink, secrets: [{ name: 'account', secretId: secretId('c') }] })
      .thenEvents(changedTo(settings, [{ name: 'account', secretId: secretId('c') }, apiKey('a')]))
    given(system, ...first, linkedWith([apiKey('a')]))
      .when({ ...changeLink, settings: { project: 'other' }, secrets: [apiKey('b')] })
      .thenEvents(changedTo({ project: 'other' }, [apiKey('b')]))
    given(system, ...first, linkedWith([apiKey('a')]))
      .when({ ...changeLink, settings: {}, secrets: [{ name: 'apiKey', secretId: null }] })
      .thenEvents(changedTo({}, []))
    expect(fold(system, [...first, linked, linkedTo(other), changedTo(settings, [apiKey('a')])])).toMatchObject({
      projects: [projectId, other],
      links: [
        { projectId, settings, secrets: [apiKey('a')] },
        { projectId: other, settings: {}, secrets: [] },
      ],
    })
    // What is not linked has nothing that could be changed.
    expect(fold(system, [...first, linked, unlinked, changedTo(settings, [])])).toMatchObject({
      links: [],
      projects: [],
    })
  })

  it('can be given a new token while it is disabled, so that a stolen one never works again', () => {
    given(system, ...first, disabled)
      .when(rotate)
      .thenEvents(issued('2'))
  })

  it('has keys of proxies, and from the first one on demands a proxy', () => {
    given(system, nodes).when(register).thenEvents(registered(1))
    given(system, nodes, registered(1)).when(remove).thenEvents(removed(1))
    given(system, nodes, registered(1), removed(1)).when(register).thenEvents(registered(1))
    const stateAfter = (...history: readonly TrustedBuildSystemEvent[]) => {
      const state = fold(system, [nodes, ...history])
      if (state.status === 'none') throw new Error('There is none.')
      return [demandsProxy(state), registeredKeys(state.proxyKeys).map(({ keyId }) => Number(keyId))]
    }
    expect(stateAfter()).toEqual([false, []])
    expect(stateAfter(registered(1), registered(2))).toEqual([true, [1, 2]])
    expect(stateAfter(registered(1), registered(2), removed(1))).toEqual([true, [2]])
    expect(stateAfter(registered(1), removed(1))).toEqual([true, []])
    expect(stateAfter(registered(1), removed(1), registered(1))).toEqual([true, [1]])
  })

  itRefuses(system, { source: 'trusted-build-system/decider.ts', before: 'export const trustedBuildSystemDecider' }, [
    ['TRUSTED_BUILD_SYSTEM_EXISTS', 'a second creation', [...first], create],
    ['TRUSTED_BUILD_SYSTEM_NOT_FOUND', 'nothing that could be changed', [], change],
    ['TRUSTED_BUILD_SYSTEM_NOT_FOUND', 'nothing that could have a token', [], rotate],
    [
      'TRUSTED_BUILD_SYSTEM_UNCHANGED',
      'the same again',
      [...first],
      { ...change, name: facts.name, description: null },
    ],
    ['TRUSTED_BUILD_SYSTEM_DISABLED', 'disabled twice', [...first, disabled], disable],
    ['TRUSTED_BUILD_SYSTEM_ENABLED', 'enabled already', [...first], enable],
    ['TRUSTED_BUILD_SYSTEM_LINKED', 'linked twice', [...first, linked], link],
    ['TRUSTED_BUILD_SYSTEM_NOT_LINKED', 'a link that is not there', [...first, linked, unlinked], unlink],
    [
      'TRUSTED_BUILD_SYSTEM_TOO_LARGE',
      'more than 1,000 projects',
      [
        ...first,
        ...Array.from({ length: 1_000 }, (_, index) =>
          happened('TrustedBuildSystemLinked', { projectId: `project ${index}` as ProjectId }),
        ),
      ],
      link,
    ],
    [
      'TRUSTED_BUILD_SYSTEM_TOO_LARGE',
      'settings of more than a million bytes in all links',
      [
        ...first,
        ...Array.from({ length: 20 }, (_, index) =>
          happened('TrustedBuildSystemLinked', {
            projectId: `project ${index}` as ProjectId,
            settings: { text: 'x'.repeat(50_000) },
            secrets: [],
          }),
        ),
      ],
      { ...link, settings: { text: 'x' } },
    ],
    ['TRUSTED_BUILD_SYSTEM_NOT_LINKED', 'a change of no link', [...first], { ...changeLink, settings }],
    ['TRUSTED_BUILD_SYSTEM_LINK_UNCHANGED', 'a change of nothing', [...first, linkedWith([apiKey('a')])], changeLink],
    [
      'TRUSTED_BUILD_SYSTEM_LINK_UNCHANGED',
      'the same settings in another order',
      [...first, linkedWith([])],
      { ...changeLink, settings: Object.fromEntries(Object.entries(settings).reverse()) },
    ],
    ['ORIGIN_LINK_TOO_LARGE', 'settings of more than 64 KiB', [...first], invalid({ text: 'ä'.repeat(33_000) })],
    ['ORIGIN_LINK_INVALID', 'settings that are a list', [...first], invalid([])],
    ['ORIGIN_LINK_INVALID', 'a NUL, which PostgreSQL does not keep', [...first], invalid({ list: ['a', { b: '\0' }] })],
    ['ORIGIN_LINK_INVALID', 'a name that hides something', [...first], invalid({ 'base\u200bUrl': '' })],
    ['ORIGIN_LINK_INVALID', 'a number that is not whole', [...first], invalid({ number: 1.5 })],
    ['ORIGIN_LINK_INVALID', 'what is no JSON', [...first], invalid({ date: undefined })],
    ['ORIGIN_LINK_INVALID', 'settings in each other without an end', [...first], invalid(nested(30))],
    [
      'ORIGIN_LINK_INVALID',
      'a secret with an odd name',
      [...first],
      invalid({}, [{ ...apiKey('a'), name: 'api key' }]),
    ],
    ['ORIGIN_LINK_INVALID', 'a secret twice', [...first], invalid({}, [apiKey('a'), apiKey('b')])],
    [
      'ORIGIN_LINK_INVALID',
      'more secrets than anybody asks for',
      [...first],
      invalid(
        {},
        Array.from({ length: 11 }, (_, index) => ({ ...apiKey('a'), name: `key${index}` })),
      ),
    ],
    ['TRUSTED_BUILD_SYSTEM_KIND_UNKNOWN', 'a kind that there is not', [], { ...create, kind: 'bamboo' as 'jenkins' }],
    ['TRUSTED_BUILD_SYSTEM_TOKEN_OVERLAP', 'no time', [...first], { ...rotate, previousTokenValidUntil: at }],
    [
      'TRUSTED_BUILD_SYSTEM_TOKEN_OVERLAP',
      'over 30 days',
      [...first],
      { ...rotate, previousTokenValidUntil: muchLater },
    ],
    ['TRUSTED_BUILD_SYSTEM_TOKEN_OVERLAP', 'no moment', [...first], { ...rotate, previousTokenValidUntil: 'soon' }],
    ['PROXY_KEY_KIND_WRONG', 'the key of a proxy of another kind', [...first], register],
    ['PROXY_KEY_REGISTERED', 'a key twice', [nodes, registered(1)], register],
    ['PROXY_KEY_NOT_FOUND', 'a key that is not there', [nodes], remove],
    ['PROXY_KEY_NOT_FOUND', 'a key that was removed', [nodes, registered(1), removed(1)], remove],
    ['PROXY_KEY_MALFORMED', 'a key of another algorithm', [nodes], { ...register, publicKey: 'MCowBQYDK2VuAyEA' }],
    [
      'TRUSTED_BUILD_SYSTEM_TOO_LARGE',
      'more than twenty keys',
      [nodes, ...Array.from({ length: 20 }, (_, index) => registered(index + 2))],
      register,
    ],
    ['SLUG_MALFORMED', 'letters that look alike', [], { ...create, slug: 'jеnkins' }],
    ['NAME_MALFORMED', 'no name', [...first], { ...change, name: ' ' }],
    ['TEXT_TOO_LONG', 'a long reason', [...first], { ...disable, reason: 'x'.repeat(4001) }],
    ['TEXT_MALFORMED', 'a description with a NUL', [...first], { ...change, description: '\0' }],
  ])
})

describe('the token of a trusted build system', () => {
  const code = (history: readonly TrustedBuildSystemEvent[], digit: string, moment = at) => {
    try {
      return usableBuildSystemToken(fold(system, history), digit.repeat(64), moment).tokenId
    } catch {
      return refusalOf(() => usableBuildSystemToken(fold(system, history), digit.repeat(64), moment)).code
    }
  }

  it('works until it is replaced, and then never again', () => {
    expect(code(first, '1')).toBe(token('1').tokenId)
    expect(code([...first, issued('2')], '1')).toBe('TRUSTED_BUILD_SYSTEM_TOKEN_REPLACED')
    expect(code([...first, issued('2')], '2')).toBe(token('2').tokenId)
    expect(code([...first, issued('2')], '3')).toBe('TRUSTED_BUILD_SYSTEM_TOKEN_INVALID')
    expect(code([], '1')).toBe('TRUSTED_BUILD_SYSTEM_TOKEN_INVALID')
  })

  it('works beside the next one until the moment that was named, and not at it', () => {
    const overlapping = [...first, issued('2', later)]
    expect(code(overlapping, '1')).toBe(token('1').tokenId)
    expect(code(overlapping, '2', muchLater)).toBe(token('2').tokenId)
    expect(code(overlapping, '1', later)).toBe('TRUSTED_BUILD_SYSTEM_TOKEN_REPLACED')
  })

  it('stops at the latest with the second one after it, whatever moment was named', () => {
    const twice = [...first, issued('2', later), issued('3', later)]
    expect(code(twice, '1')).toBe('TRUSTED_BUILD_SYSTEM_TOKEN_REPLACED')
    expect(code(twice, '2')).toBe(token('2').tokenId)
    expect(code([...first, issued('2', later), issued('3')], '2')).toBe('TRUSTED_BUILD_SYSTEM_TOKEN_REPLACED')
    expect(fold(system, twice)).toMatchObject({
      tokens: [{ status: 'ended' }, { status: 'replaced' }, { status: 'current' }],
    })
  })

  it('does not work while the build system is disabled', () => {
    expect(code([...first, disabled], '1')).toBe('TRUSTED_BUILD_SYSTEM_DISABLED')
    expect(code([...first, disabled, enabled], '1')).toBe(token('1').tokenId)
  })

  it('that ended is none that works at any moment', () => {
    expect(worksAt({ ...token('1'), status: 'ended', validUntil: null }, at)).toBe(false)
    expect(worksAt({ ...token('1'), status: 'replaced', validUntil: null }, at)).toBe(false)
  })
})

describe('what a policy that demands a trusted build system asks of a submission', () => {
  const asked = (
    history: readonly TrustedBuildSystemEvent[] | null,
    project = projectId,
    kind: 'ci' | 'interactive' = 'ci',
  ) => {
    const vouchedBy = history === null ? null : fold(system, history)
    return () => requireTrustedBuildSystem({ submitterKind: kind, vouchedBy, projectId: project })
  }

  it('is a CI user, and a build system that is there, enabled and linked to the project', () => {
    expect(asked([...first, linked])).not.toThrow()
    expect(refusalOf(asked([...first, linked], projectId, 'interactive')).code).toBe('SUBMITTER_NOT_CI_USER')
    expect(refusalOf(asked(null)).code).toBe('TRUSTED_BUILD_SYSTEM_REQUIRED')
    expect(refusalOf(asked([])).code).toBe('TRUSTED_BUILD_SYSTEM_NOT_FOUND')
    expect(refusalOf(asked([...first, linked, disabled])).code).toBe('TRUSTED_BUILD_SYSTEM_DISABLED')
    expect(refusalOf(asked([...first, linked], other)).code).toBe('TRUSTED_BUILD_SYSTEM_NOT_LINKED')
    expect(refusalOf(asked([...first, linked, unlinked])).code).toBe('TRUSTED_BUILD_SYSTEM_NOT_LINKED')
  })

  it('is more than that the build system is linked, unless its answers about the origin decide', () => {
    const byLink = (isOriginVerified: boolean) => () =>
      requireTrustedBuildSystem({
        submitterKind: 'ci',
        vouchedBy: fold(system, [...first, linked]),
        method: 'link',
        isOriginVerified,
        projectId,
      })
    expect(refusalOf(byLink(false)).code).toBe('TRUSTED_BUILD_SYSTEM_REQUIRED')
    expect(byLink(true)).not.toThrow()
  })
})
