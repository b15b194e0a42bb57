import { createHash, createHmac } from 'node:crypto'
import { UnsecuredJWT } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  createIdentityTokens,
  createIssuerKeys,
  type ExpectedToken,
  textClaim,
  tokenAlgorithms,
} from '../../../origin/identity-token/index.ts'
import { secretOf } from '../../../origin/secret.ts'
import { openOutgoing } from '../../../outgoing/index.ts'
import { issuerKey, type TokenIssuer, tokenIssuer } from '../../support/build-systems/token-issuer.ts'

const audience = 'https://signing.example.com'
const seconds = 1_800_000_000
const instant = (offset = 0) => new Date((seconds + offset) * 1_000).toISOString()

async function world(options: Parameters<typeof tokenIssuer>[0] = {}) {
  const issuer = await tokenIssuer({ now: () => seconds, ...options })
  const outgoing = openOutgoing({ allowHttp: true, allowedNetworks: ['127.0.0.1/32'] })
  onTestFinished(() => outgoing.close())
  const tokens = createIdentityTokens(createIssuerKeys({ outgoing, now: () => seconds * 1_000 }))
  const check = (token: string, more: Partial<ExpectedToken> = {}, at = instant()) =>
    tokens.check(
      secretOf(token),
      { issuer: issuer.issuer, audience, algorithms: ['RS256', 'ES256'], longestLifeSeconds: 3_600, ...more },
      at,
    )
  return { issuer, check, signed: (claims = {}, by = {}) => issuer.sign({ aud: audience, jti: '1', ...claims }, by) }
}

/** A token with another part, as whoever has it can write it. */
function withPart(token: string, index: number, part: string): string {
  return token.split('.').with(index, part).join('.')
}

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

async function final(checked: Promise<unknown>, code: string): Promise<Error> {
  const error = await checked.then(
    () => undefined,
    (reason) => reason,
  )
  expect(error).toMatchObject({ name: 'OriginError', code, isPassing: false })
  return error
}

describe('an identity token', () => {
  it('that its issuer signed for us says what it claims, and its payload is kept without the signature', async () => {
    const { check, signed, issuer } = await world()
    const token = await signed({ project_id: '7', runner_id: 12 })
    const checked = await check(token)
    expect(checked).toMatchObject({ issuer: issuer.issuer, tokenId: '1', expiresAt: instant(300) })
    expect(checked.claims).toMatchObject({ project_id: '7', runner_id: 12 })
    expect(JSON.parse(Buffer.from(checked.payload).toString())).toEqual(checked.claims)
    expect(Buffer.from(checked.payload).toString()).not.toContain(token.split('.')[2])
  })

  it('can be for one artifact, whose digest stands behind the audience', async () => {
    const { check, signed } = await world()
    const digest = 'ab'.repeat(32)
    expect(await check(await signed({ aud: `${audience}#sha256=${digest}` }))).toMatchObject({ boundTo: digest })
    expect(await check(await signed())).toMatchObject({ boundTo: null })
    for (const rest of [`#sha256=${digest.toUpperCase()}`, `#sha256=${digest}0`, '#sha256=', '.evil.example', '#'])
      await final(check(await signed({ aud: `${audience}${rest}` })), 'IDENTITY_TOKEN_AUDIENCE_WRONG')
  })

  it.each(['', 'a.b', 'a.b.c', '....', 'x'.repeat(20_000), '\u0000.\u0000.\u0000'])('%.12s is none', async (text) => {
    const { check, issuer } = await world()
    await final(check(text), 'IDENTITY_TOKEN_MALFORMED')
    expect(issuer.fetches()).toBe(0)
  })

  it.each([
    ['of another type', { typ: 'at+jwt' }],
    ['with extensions that must be understood', { crit: ['b64'], b64: true }],
  ])('%s is refused', async (_, header) => {
    const { check, signed } = await world()
    await final(check(await signed({}, { header })), 'IDENTITY_TOKEN_MALFORMED')
  })

  it('without a signature is refused', async () => {
    const { check, issuer } = await world()
    const claims = { iss: issuer.issuer, aud: audience, iat: seconds, exp: seconds + 300 }
    await final(check(new UnsecuredJWT(claims).encode()), 'IDENTITY_TOKEN_ALGORITHM_REFUSED')
  })

  it.each(['jwk', 'pem'])('signed by HS256 with the public key (%s) as secret is refused', async (form) => {
    const { check, issuer } = await world()
    const { publicKey } = await issuerKey('first')
    const secret = form === 'jwk' ? JSON.stringify(publicKey) : Buffer.from(String(publicKey.n), 'base64url')
    const claims = { iss: issuer.issuer, aud: audience, iat: seconds, exp: seconds + 300 }
    const signed = `${base64url({ alg: 'HS256', kid: 'first', typ: 'JWT' })}.${base64url(claims)}`
    const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
    await final(check(token), 'IDENTITY_TOKEN_ALGORITHM_REFUSED')
    expect(tokenAlgorithms.filter((name) => /^HS|none/i.test(name))).toEqual([])
  })

  it('signed by an algorithm that its issuer does not use is refused, though the key is its', async () => {
    const { check, signed } = await world()
    await final(check(await signed(), { algorithms: ['ES256'] }), 'IDENTITY_TOKEN_ALGORITHM_REFUSED')
  })

  it('signed by ES256 needs a key of that curve, whatever its id', async () => {
    const { check, issuer, signed } = await world()
    const other = await issuerKey('first', 'ES256')
    const token = await signed({}, { key: other })
    await final(check(token), 'IDENTITY_TOKEN_KEY_UNKNOWN')
    const { issuer: elliptic, check: checkElliptic } = await world({ algorithm: 'ES256' })
    expect((await checkElliptic(await elliptic.sign({ aud: audience }))).issuer).toBe(elliptic.issuer)
    expect(issuer.fetches()).toBe(1)
  })

  it('of another issuer with the same key id is refused, and that issuer asked nothing', async () => {
    const { check, issuer } = await world()
    const other = await tokenIssuer({ now: () => seconds })
    await final(check(await other.sign({ aud: audience })), 'IDENTITY_TOKEN_ISSUER_UNKNOWN')
    const key = await issuerKey('forged')
    const forged = { ...key, publicKey: { ...key.publicKey, kid: 'first' } }
    await final(check(await issuer.sign({ aud: audience }, { key: forged })), 'IDENTITY_TOKEN_SIGNATURE_INVALID')
    expect(other.fetches()).toBe(0)
  })

  it.each([1, 0])('that was changed in part %i is refused', async (part) => {
    const { check, signed } = await world()
    const token = await signed()
    const said = JSON.parse(Buffer.from(token.split('.')[part] ?? '', 'base64url').toString())
    const changed = { ...said, project_id: '8' }
    await final(check(withPart(token, part, base64url(changed))), 'IDENTITY_TOKEN_SIGNATURE_INVALID')
  })

  it.each([
    ['https://github.com/acme'],
    [[audience, 'https://other.example.com']],
    [[]],
    [undefined],
    [`${audience}/`],
    [[[audience]]],
  ])('for %j is refused: our audience and no other', async (aud) => {
    const { check, signed } = await world()
    await final(check(await signed({ aud })), 'IDENTITY_TOKEN_AUDIENCE_WRONG')
  })

  it('for us in a list of one is taken', async () => {
    const { check, signed } = await world()
    expect((await check(await signed({ aud: [audience] }))).tokenId).toBe('1')
  })

  it.each([
    ['expired', { exp: seconds - 60 }, 'IDENTITY_TOKEN_EXPIRED'],
    ['valid from later on', { nbf: seconds + 61 }, 'IDENTITY_TOKEN_NOT_YET_VALID'],
    ['issued in the future', { iat: seconds + 61, exp: seconds + 300 }, 'IDENTITY_TOKEN_NOT_YET_VALID'],
    ['valid for too long', { exp: seconds + 3_601 }, 'IDENTITY_TOKEN_LIFE_TOO_LONG'],
    ['without an end', { exp: undefined }, 'IDENTITY_TOKEN_CLAIM_MISSING'],
    ['without a beginning', { iat: undefined }, 'IDENTITY_TOKEN_CLAIM_MISSING'],
    ['with an end that is text', { exp: `${seconds + 300}` }, 'IDENTITY_TOKEN_CLAIM_MISSING'],
    ['with an end beyond dates', { exp: 1e300, iat: 1e300 }, 'IDENTITY_TOKEN_CLAIM_MISSING'],
  ])('%s is refused', async (_, claims, code) => {
    const { check, signed } = await world()
    await final(check(await signed(claims)), code)
  })

  it.each([
    ['expired', { exp: seconds - 59, iat: seconds - 300 }],
    ['not yet valid', { nbf: seconds + 59 }],
    ['issued ahead of us', { iat: seconds + 0.25 }],
  ])('%s by no more than clocks may differ is taken', async (_, claims) => {
    const { check, signed } = await world()
    expect((await check(await signed(claims))).tokenId).toBe('1')
  })

  it('is judged as of the moment that is asked for', async () => {
    const { check, signed } = await world()
    const token = await signed()
    await final(check(token, {}, instant(600)), 'IDENTITY_TOKEN_EXPIRED')
    expect((await check(token, {}, instant(100))).tokenId).toBe('1')
  })

  it('without an id is named by what is signed of it, however its signature is written', async () => {
    const { check, issuer } = await world({ algorithm: 'ES256' })
    const token = await issuer.sign({ aud: audience })
    const [header, payload, signature = ''] = token.split('.')
    const sha256 = createHash('sha256').update(`${header}.${payload}`).digest('hex')
    expect((await check(token)).tokenId).toBe(sha256)
    // (r, s) and (r, n - s) are signatures of the same.
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const bytes = Buffer.from(signature, 'base64url')
    const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
    const other = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')])
    const rewritten = withPart(token, 2, other.toString('base64url'))
    expect(rewritten).not.toBe(token)
    expect((await check(rewritten)).tokenId).toBe(sha256)
  })

  it('stands in no error', async () => {
    const { check, signed } = await world()
    const token = await signed({ aud: 'other' })
    const error = await final(check(token), 'IDENTITY_TOKEN_AUDIENCE_WRONG')
    for (const part of token.split('.')) expect(`${error.stack}${JSON.stringify(error)}`).not.toContain(part)
  })

  it.each<[unknown, string | undefined]>([
    ['7', '7'],
    [7, '7'],
    [true, 'true'],
    [null, undefined],
    ['', undefined],
    [1e21, undefined],
    [0.5, undefined],
    [['7'], undefined],
    [{}, undefined],
  ])('with the claim %j reads it as %j', (value, text) => {
    expect(textClaim({ id: value }, 'id')).toBe(text)
    expect(textClaim({}, 'toString')).toBeUndefined()
  })
})

describe('an issuer with a path', () => {
  it('has its keys where its discovery document says, and not below its path', async () => {
    const { check, signed, issuer } = await world({ path: '/acme-enterprise' })
    expect((await check(await signed())).issuer).toBe(issuer.issuer)
    expect(issuer.issuer).toMatch(/\/acme-enterprise$/)
  })

  it.each<[string, (issuer: TokenIssuer) => string]>([
    ['of the root', ({ url }) => url],
    ['with a slash behind', ({ issuer }) => `${issuer}/`],
    ['elsewhere', () => 'https://issuer.example.com'],
  ])('whose document is of an issuer %s gives no keys', async (_, other) => {
    const { check, signed, issuer } = await world({ path: '/acme-enterprise' })
    issuer.faults.discovery = { issuer: other(issuer) }
    await final(check(await signed()), 'IDENTITY_TOKEN_DISCOVERY_MISMATCH')
    expect(issuer.fetches()).toBe(0)
  })
})
