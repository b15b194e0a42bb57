import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  canonicalJson,
  type NodeStatement,
  type NodeStatementKey,
  type StatedRequest,
  signNodeStatement,
  verifyNodeStatement,
} from '../../domain/index.ts'

const proxy = newKey()
const statement: NodeStatement = {
  trustedBuildSystemId: '0b7f1a53-5c3c-4d2c-9d2b-0f6a1c1f2a33',
  node: {
    subject: 'CN=Bücher-01,OU=Build',
    issuer: 'CN=Issuing CA',
    serialNumber: '1f',
    fingerprint: 'ab'.repeat(32),
    templateId: '1.3.6.1.4.1.311.21.8.1',
    templateVersion: '100.3',
    templateName: null,
    ruleSet: 'release',
  },
  method: 'POST',
  target: '/uploads?fileName=a.exe',
  issuedAt: '2026-11-30T08:00:00.000Z',
  nonce: '0123456789abcdef0123456789abcdef',
  bodySha256: '11'.repeat(32),
}
const request: StatedRequest = { ...statement, at: '2026-11-30T08:00:30.000Z' }

describe('a statement about a build node', () => {
  it('is read as it was signed, and is a JWS with EdDSA', () => {
    const stated = signed(statement)
    expect(read(stated)).toEqual(statement)
    expect(JSON.parse(Buffer.from(stated.split('.')[0] ?? '', 'base64url').toString())).toEqual({
      alg: 'EdDSA',
      kid: proxy.key.keyId,
      typ: 'countersign-node+jws',
    })
  })

  it.each<[string, Partial<StatedRequest>]>([
    ['another build system', { trustedBuildSystemId: '00000000-0000-4000-8000-000000000000' }],
    ['another method', { method: 'PUT' }],
    ['another path', { target: '/graphql' }],
    ['another body', { bodySha256: '22'.repeat(32) }],
    ['a body that is not announced', { bodySha256: null }],
  ])('is not believed for a request with %s', (_, other) => {
    expect(() => read(signed(statement), other)).toThrow(expect.objectContaining({ code: 'PROXY_STATEMENT_MISMATCH' }))
  })

  it('says nothing of a body that was not announced to the proxy', () => {
    for (const bodySha256 of [null, '22'.repeat(32)])
      expect(read(signed({ ...statement, bodySha256: null }), { bodySha256 }).bodySha256).toBeNull()
  })

  it.each(['2026-11-30T08:01:00.001Z', '2026-11-30T07:58:59.999Z'])('counts for a minute, and not at %s', (at) => {
    expect(() => read(signed(statement), { at })).toThrow(expect.objectContaining({ code: 'PROXY_STATEMENT_EXPIRED' }))
  })

  it('is not believed when another key signed it, whatever key or algorithm it names', () => {
    const [header = '', payload = '', signature = ''] = signed(statement).split('.')
    const none = Buffer.from(canonicalJson({ alg: 'none', kid: proxy.key.keyId, typ: 'countersign-node+jws' }))
    const stranger = newKey()
    for (const forged of [
      stranger.statement(statement, stranger.key.keyId),
      stranger.statement(statement, proxy.key.keyId),
      `${none.toString('base64url')}.${payload}.${signature}`,
      `${header}.${Buffer.from(canonicalJson({ ...statement, method: 'GET' })).toString('base64url')}.${signature}`,
    ])
      expect(() => read(forged, { method: 'POST' })).toThrow(
        expect.objectContaining({ code: 'PROXY_STATEMENT_UNTRUSTED' }),
      )
  })

  it.each(['', 'a.b', 'a.b.c.d', `${'a'.repeat(8_200)}.b.c`])('that is none is refused as such (%#)', (stated) => {
    expect(() => read(stated)).toThrow(expect.objectContaining({ code: 'PROXY_STATEMENT_MALFORMED' }))
  })

  it.each<[string, Partial<NodeStatement>]>([
    ['another nonce', { nonce: 'short' }],
    ['a text that cannot be kept', { node: { ...statement.node, subject: 'CN=a\u0000b' } }],
    ['a text that is cut in half', { node: { ...statement.node, templateName: '\ud83d' } }],
  ])('with a right signature over something else is refused: %s', (_, other) => {
    const signedOther = proxy.statement({ ...statement, ...other }, proxy.key.keyId)
    expect(() => read(signedOther)).toThrow(expect.objectContaining({ code: 'PROXY_STATEMENT_MALFORMED' }))
  })
})

function signed(said: NodeStatement): string {
  return proxy.statement(said, proxy.key.keyId)
}

function read(stated: string, other: Partial<StatedRequest> = {}): NodeStatement {
  return verifyNodeStatement(stated, { ...request, ...other }, [proxy.key], (publicKey, bytes, signature) =>
    verify(
      null,
      bytes,
      createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' }),
      signature,
    ),
  )
}

function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const der = publicKey.export({ format: 'der', type: 'spki' })
  const key: NodeStatementKey = {
    keyId: createHash('sha256').update(der).digest('hex'),
    publicKey: der.toString('base64'),
  }
  return {
    key,
    statement: (said: NodeStatement, keyId: string) =>
      signNodeStatement(said, keyId, (bytes) => sign(null, bytes, privateKey)),
  }
}
