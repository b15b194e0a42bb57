import { describe, expect, it } from 'vitest'
import type { ApiTokenScope, Instant } from '../../domain/index.ts'
import { type TestApplication, type TestCaller, testApplication, uploaded } from '../support/test-application.ts'

const scopeOf = (limits: Partial<ApiTokenScope>): ApiTokenScope => ({
  access: 'full',
  projects: null,
  networks: null,
  ...limits,
})

/** A caller by a limited token that a user made for themselves. */
async function limited(
  { application }: TestApplication,
  caller: TestCaller,
  limits: Partial<ApiTokenScope>,
  expiresAt: Instant | null = null,
) {
  const input = { userId: caller.userId, name: 'limited', expiresAt, scope: scopeOf(limits) }
  const { token } = await application.issueApiToken(caller, input)
  return application.authenticate({ apiToken: token }, '192.0.2.1')
}

const code = (answer: Promise<unknown>) =>
  answer.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  )

describe('an API token of a person', () => {
  it('is made by that person alone, whatever roles somebody else has', async () => {
    const test = await testApplication()
    const [ada, uma] = [await test.user('Ada', 'globalAdministrator'), await test.user('Uma', 'userAdministrator')]
    const anna = await test.user('Anna')
    const input = { userId: anna.userId, name: 'new', expiresAt: null }
    for (const other of [ada, uma, await test.user('Eve')])
      expect(await code(test.application.issueApiToken(other, input))).toBe('FORBIDDEN')
    expect(await code(test.application.issueApiToken(anna, input))).toBe('done')
  })

  it('of a CI user is not made by a token of the CI user', async () => {
    const test = await testApplication()
    const { userId: responsible } = await test.user('Anna')
    const { userId } = await test.application.createCiUser(test.setup, { name: 'CI', responsible })
    const input = { userId, name: 'new', expiresAt: null }
    const { token } = await test.application.issueApiToken(test.setup, input)
    const build = await test.application.authenticate({ apiToken: token }, undefined)
    expect(await code(test.application.issueApiToken(build, input))).toBe('FORBIDDEN')
  })

  it('makes none that may more than itself, from elsewhere, or for longer', async () => {
    const test = await testApplication()
    const anna = await test.user('Anna')
    const { projectId } = await test.policy({ submitters: [anna] })
    const end = '2026-04-01T00:00:00.000Z'
    const caller = await limited(test, anna, { networks: ['192.0.2.0/24'] }, end)
    const make = (limits: Partial<ApiTokenScope> | undefined, expiresAt: Instant | null) =>
      code(
        test.application.issueApiToken(caller, {
          userId: anna.userId,
          name: 'next',
          expiresAt,
          ...(limits === undefined ? {} : { scope: scopeOf(limits) }),
        }),
      )
    expect(await make(undefined, end)).toBe('API_TOKEN_WIDER')
    expect(await make({ networks: ['192.0.0.0/16'] }, end)).toBe('API_TOKEN_WIDER')
    expect(await make({ networks: ['192.0.2.0/24'] }, null)).toBe('API_TOKEN_WIDER')
    expect(await make({ networks: ['192.0.2.0/24'] }, '2026-04-01T00:00:00.001Z')).toBe('API_TOKEN_WIDER')
    expect(await make({ access: 'read', projects: [projectId], networks: ['192.0.2.7/32'] }, end)).toBe('done')
  })

  it('that is limited to reading changes nothing, whatever the role of its user', async () => {
    const test = await testApplication()
    const ada = await test.user('Ada', 'globalAdministrator')
    const { userId } = await test.user('Anna')
    const caller = await limited(test, ada, { access: 'read' })
    const { application } = test
    const answers = [
      application.deactivateUser(caller, { userId, reason: null }),
      application.createGroup(caller, { name: 'Mine', description: null, members: [] }),
      application.issueApiToken(caller, { userId: ada.userId, name: 'mine', expiresAt: null }),
      application.uploadArtifact(caller, { fileName: 'a.exe', bytes: (async function* () {})() }),
    ]
    expect(await Promise.all(answers.map(code))).toEqual(answers.map(() => 'API_TOKEN_SCOPE_EXCEEDED'))
    expect(await code(application.authorizeQuery(caller, { query: 'events', permission: 'readAuditLog' }))).toBe('done')
    expect((await test.refusals()).map((refusal) => refusal.code)).toContain('API_TOKEN_SCOPE_EXCEEDED')
  })

  it('that is limited to a project submits there and nowhere else, and administers nothing', async () => {
    const test = await testApplication()
    const ada = await test.user('Ada', 'globalAdministrator')
    const { projectId } = await test.policy({ submitters: [ada] })
    await test.policy({ submitters: [ada], slug: 'other' })
    const caller = await limited(test, ada, { access: 'submit', projects: [projectId] })
    const elsewhere = await test.submit(ada, 'other')
    const { application } = test
    expect(await code(test.submit(caller))).toBe('done')
    const bytes = (async function* () {
      yield new TextEncoder().encode('a program')
    })()
    const { uploadId } = await application.uploadArtifact(caller, { fileName: 'setup.exe', bytes })
    const input = { project: 'other', signingPolicy: 'release', source: uploaded(uploadId), description: null }
    expect(await code(application.submitSigningRequest(caller, input))).toBe('API_TOKEN_SCOPE_EXCEEDED')
    const cancel = application.cancelSigningRequest(caller, { signingRequestId: elsewhere, reason: null })
    expect(await code(cancel)).toBe('API_TOKEN_SCOPE_EXCEEDED')
    const read = application.authorizeQuery(caller, { query: 'events', permission: 'readAuditLog' })
    expect(await code(read)).toBe('API_TOKEN_SCOPE_EXCEEDED')
  })

  it('that is limited to networks works from there alone', async () => {
    const test = await testApplication()
    const anna = await test.user('Anna')
    const input = { userId: anna.userId, name: 'office', expiresAt: null }
    const scope = scopeOf({ networks: ['192.0.2.0/25', '2001:DB8::/32'] })
    const { token } = await test.application.issueApiToken(anna, { ...input, scope })
    const from = (address: string | undefined) => code(test.application.authenticate({ apiToken: token }, address))
    for (const address of ['192.0.2.127', '::ffff:192.0.2.1', '2001:db8:1::5']) expect(await from(address)).toBe('done')
    for (const address of ['192.0.2.128', '2001:db9::1', '::192.0.2.1', 'unknown', undefined])
      expect(await from(address)).toBe('TOKEN_NETWORK_REFUSED')
  })

  it('cannot be limited to nothing, to what is no network, or to a project that there is not', async () => {
    const test = await testApplication()
    const anna = await test.user('Anna')
    const make = (limits: Partial<ApiTokenScope>) => code(limited(test, anna, limits))
    expect(await make({ projects: [] })).toBe('API_TOKEN_SCOPE_MALFORMED')
    expect(await make({ networks: Array(101).fill('192.0.2.0/24') })).toBe('API_TOKEN_SCOPE_MALFORMED')
    expect(await make({ projects: ['00000000-0000-4000-8000-000000000000' as never] })).toBe('PROJECT_NOT_FOUND')
    for (const network of ['192.0.2.1/24', '192.0.2.0/33', '300.0.0.0/8', '2001:db8::/129', '1::2::3/64', 'office', ''])
      expect(await make({ networks: [network] })).toBe('NETWORK_MALFORMED')
  })

  it('has a form that scanners for secrets find: letters, digits and _, with a check that a mistyped one fails', async () => {
    const test = await testApplication()
    const { token } = await test.user('Anna')
    expect(token).toMatch(/^cs_[0-9a-f]{32}_[0-9A-Za-z]{49}$/)
    const last = token.endsWith('0') ? '1' : '0'
    const authenticate = (apiToken: string) => code(test.application.authenticate({ apiToken }, undefined))
    expect(await authenticate(`${token.slice(0, -1)}${last}`)).toBe('TOKEN_INVALID')
    expect(await authenticate(token)).toBe('done')
  })
})
