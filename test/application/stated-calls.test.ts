import { describe, expect, it } from 'vitest'
import { issueApiToken } from '../../application/api-tokens.ts'
import { createCiUser } from '../../application/create-user.ts'
import { createApplication, type StatedCall } from '../../application/index.ts'
import { type NodeStatement, type ProjectId, streams, type TrustedBuildSystemId } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { codeOf } from '../support/code-of.ts'
import { buildNode, newStatementSigner, recordedNode, type StatementSigner } from '../support/proxy-statements.ts'
import { testApplication } from '../support/test-application.ts'

/** A trusted build system with the key of a proxy, and a CI user who calls by it. */
async function withProxy() {
  const test = await testApplication()
  const { application, clock, dependencies, setup } = test
  const ada = await test.user('Ada', 'globalAdministrator')
  const { userId } = await createCiUser(dependencies, setup, { name: 'CI', responsible: ada.userId })
  const { token: apiToken } = await issueApiToken(dependencies, setup, { userId, name: 'build', expiresAt: null })
  const input = { slug: 'nodes', name: 'Nodes', description: null, kind: 'authenticationProxy' } as const
  const { trustedBuildSystemId, token: trustedBuildSystemToken } = await application.createTrustedBuildSystem(
    ada,
    input,
  )
  const proxy = newStatementSigner()
  const register = ({ key: { publicKey } }: StatementSigner) =>
    application.registerProxyKey(ada, { trustedBuildSystemId, publicKey })
  const stated = (said: Partial<NodeStatement> = {}, by = proxy): StatedCall => ({
    statement: by.state({ trustedBuildSystemId, issuedAt: clock.now, ...said }),
    method: 'GET',
    target: '/',
    bodySha256: null,
  })
  const call = (statedCall?: StatedCall, by = application) =>
    by.authenticate({ apiToken, trustedBuildSystemToken, statedCall }, '192.0.2.7')
  return { ...test, ada, apiToken, trustedBuildSystemId, trustedBuildSystemToken, proxy, register, stated, call }
}

describe('a call by an authentication proxy', () => {
  it('is of the node that the proxy names, in all that it causes, with what the proxy signed', async () => {
    const { application, ada, apiToken, dependencies, proxy, register, stated, trustedBuildSystemToken } =
      await withProxy()
    expect(await register(proxy)).toMatchObject({ keyId: proxy.key.keyId })
    const statedCall = stated()
    const credentials = { apiToken: ada.token, trustedBuildSystemToken, statedCall }
    const caller = await application.authenticate(credentials, undefined)
    const vouchedBy = { node: recordedNode, nodeStatement: statedCall.statement }
    expect(caller).toMatchObject({ vouchedBy })
    const { groupId } = await application.createGroup(caller, { name: 'Builds', description: null, members: [] })
    const { events } = await readWholeStream(dependencies.log, streams.group(groupId))
    expect(events[0]?.metadata.actor).toMatchObject({ vouchedBy })
    // Who has no token of the build system says nothing by it.
    expect(await codeOf(application.authenticate({ apiToken, statedCall: stated() }, undefined))).toBe(
      'PROXY_STATEMENT_UNTRUSTED',
    )
  })

  it('names the template by its name where the certificate has no id', async () => {
    const { call, proxy, register, stated } = await withProxy()
    await register(proxy)
    const node = { ...buildNode, templateId: null, templateName: 'BuildNode' }
    expect(await call(stated({ node }))).toMatchObject({ vouchedBy: { node: { template: 'BuildNode' } } })
  })

  it('is refused with a code of its own and recorded, whatever is wrong with what the proxy says, and uses nothing up', async () => {
    const world = await withProxy()
    const { call, clock, proxy, register, stated, trustedBuildSystemId } = world
    const other = newStatementSigner()
    // As long as no proxy is registered, nobody has one to call.
    expect(await codeOf(call())).toBe('done')
    expect(await codeOf(call(stated()))).toBe('PROXY_STATEMENT_UNTRUSTED')
    await register(proxy)
    const now = Date.parse(clock.now)
    const nonce = '0123456789abcdef0123456789abcdef'
    const right = stated({ nonce })
    const wrong: readonly (readonly [string, StatedCall | undefined])[] = [
      ['PROXY_BYPASSED', undefined],
      ['PROXY_STATEMENT_MALFORMED', { ...right, statement: 'a.b' }],
      ['PROXY_STATEMENT_MALFORMED', { ...right, statement: `${right.statement}, ${right.statement}` }],
      ['PROXY_STATEMENT_MALFORMED', stated({ node: { ...buildNode, subject: 'CN=a\u0000b' } })],
      ['PROXY_STATEMENT_UNTRUSTED', stated({ nonce }, other)],
      ['PROXY_STATEMENT_EXPIRED', stated({ nonce, issuedAt: new Date(now - 60_001).toISOString() })],
      ['PROXY_STATEMENT_EXPIRED', stated({ nonce, issuedAt: new Date(now + 60_001).toISOString() })],
      ['PROXY_STATEMENT_MISMATCH', { ...right, target: '/other' }],
      ['PROXY_STATEMENT_MISMATCH', { ...right, method: 'POST' }],
      ['PROXY_STATEMENT_MISMATCH', stated({ nonce, bodySha256: 'ab'.repeat(32) })],
      ['PROXY_STATEMENT_MISMATCH', stated({ nonce, trustedBuildSystemId: '00000000-0000-4000-8000-000000000000' })],
    ]
    for (const [code, statedCall] of wrong) expect(await codeOf(call(statedCall)), code).toBe(code)
    expect(await codeOf(call(right))).toBe('done')
    expect(await codeOf(call(right))).toBe('PROXY_STATEMENT_USED')
    await world.dependencies.refusals.close()
    const recorded = await world.refusals()
    expect(new Set(recorded.map(({ code }) => code))).toEqual(
      new Set(['PROXY_STATEMENT_USED', ...wrong.map(([code]) => code)]),
    )
    expect(new Set(recorded.map(({ subject }) => subject))).toEqual(new Set([trustedBuildSystemId]))
  })

  it('that lasts is looked at again by what it came with, as long as the key is registered', async () => {
    const { ada, application, apiToken, call, clock, proxy, register, stated, ...world } = await withProxy()
    const { trustedBuildSystemId, trustedBuildSystemToken } = world
    await register(proxy)
    const statedCall = stated()
    const caller = await call(statedCall)
    clock.now = new Date(Date.parse(clock.now) + 3_600_000).toISOString()
    const again = () => application.authenticate({ apiToken, trustedBuildSystemToken, statedCall }, '192.0.2.7', caller)
    expect(await again()).toMatchObject({ vouchedBy: { node: recordedNode, nodeStatement: statedCall.statement } })
    expect(await codeOf(call(statedCall))).toBe('PROXY_STATEMENT_EXPIRED')
    await application.removeProxyKey(ada, { trustedBuildSystemId, keyId: proxy.key.keyId, reason: 'stolen' })
    expect(await codeOf(again())).toBe('PROXY_STATEMENT_UNTRUSTED')
    // That no proxy is left lets nobody past.
    expect(await codeOf(call())).toBe('PROXY_BYPASSED')
    await register(proxy)
    expect(await codeOf(again())).toBe('done')
  })

  it('is taken by no process that remembers no statements', async () => {
    const { call, dependencies, proxy, register, stated } = await withProxy()
    await register(proxy)
    const { usedStatements: _, ...others } = dependencies
    await expect(call(stated(), createApplication(others))).rejects.toThrow('remembers no statements')
  })

  it('may submit where the policy verifies origins, with the node in the event', async () => {
    const world = await withProxy()
    const { ada, application, call, dependencies, proxy, register, stated, submit, trustedBuildSystemId } = world
    await register(proxy)
    const { userId: ci } = await call(stated())
    const { projectId, signingPolicyId, certificateId } = await world.policy({ submitters: [] })
    await application.linkTrustedBuildSystem(ada, { trustedBuildSystemId, projectId: projectId as ProjectId })
    const settings = {
      name: 'Release',
      certificateId,
      submitters: [{ user: ci }],
      approval: null,
      timestamp: 'none' as const,
      release: false,
      existingSignatures: ['replace' as const],
      trustedBuildSystemRequired: true as const,
    }
    await application.updateSigningPolicy(ada, { signingPolicyId, basedOnRevision: 0, settings })
    const signingRequestId = await submit(await call(stated()))
    const { events } = await readWholeStream(dependencies.log, streams.signingRequest(signingRequestId))
    expect(events[0]?.metadata.actor).toMatchObject({ vouchedBy: { trustedBuildSystemId, node: recordedNode } })
  })
})

describe('the key of a proxy', () => {
  it('is taken in PEM and in base64, of the right kind, and of no other system', async () => {
    const { ada, application, proxy, trustedBuildSystemId } = await withProxy()
    const { publicKey } = proxy.key
    const register = (text: string, id: TrustedBuildSystemId = trustedBuildSystemId) =>
      application.registerProxyKey(ada, { trustedBuildSystemId: id, publicKey: text })
    for (const text of ['', publicKey.slice(1), `${publicKey}=`, 'MCowBQYDK2VuAyEA'.padEnd(59, 'A')])
      expect(await codeOf(register(text)), text).toBe('PROXY_KEY_MALFORMED')
    const pem = `-----BEGIN PUBLIC KEY-----\n${publicKey}\n-----END PUBLIC KEY-----\n`
    expect(await codeOf(register(pem))).toBe('done')
    expect(await codeOf(register(publicKey))).toBe('PROXY_KEY_REGISTERED')
    const custom = { slug: 'other', name: 'Other', description: null, kind: 'custom' } as const
    const { trustedBuildSystemId: other } = await application.createTrustedBuildSystem(ada, custom)
    expect(await codeOf(register(publicKey, other))).toBe('PROXY_KEY_KIND_WRONG')
  })

  it('is proposed and approved where changes of rules are controlled; its removal is not', async () => {
    const { ada, application, call, proxy, register, stated, trustedBuildSystemId, user } = await withProxy()
    const bea = await user('Bea', 'globalAdministrator')
    await user('Cleo', 'globalAdministrator')
    const changeControl = { requiredApprovals: 1, lifetimeSeconds: 86_400 }
    await application.changeChangeControl(ada, { changeControl, basedOnRevision: null })
    const { changeProposalId } = await register(proxy)
    if (changeProposalId === undefined) throw new Error('It was not proposed.')
    expect(await codeOf(call(stated()))).toBe('PROXY_STATEMENT_UNTRUSTED')
    await application.approveChange(bea, { changeProposalId, comment: null })
    expect(await codeOf(call(stated()))).toBe('done')
    const removal = { trustedBuildSystemId, keyId: proxy.key.keyId, reason: null }
    expect(await application.removeProxyKey(ada, removal)).not.toHaveProperty('changeProposalId')
    expect(await codeOf(call(stated()))).toBe('PROXY_STATEMENT_UNTRUSTED')
  })
})
