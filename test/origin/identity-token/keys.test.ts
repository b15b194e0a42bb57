import { describe, expect, it, onTestFinished } from 'vitest'
import {
  createIdentityTokens,
  createIssuerKeys,
  type KeyLimits,
  type KeysFetched,
} from '../../../origin/identity-token/index.ts'
import { secretOf } from '../../../origin/secret.ts'
import { openOutgoing } from '../../../outgoing/index.ts'
import { issuerKey, tokenIssuer } from '../../support/build-systems/token-issuer.ts'

const audience = 'https://signing.example.com'
const start = 1_800_000_000_000
const minute = 60_000

async function world(limits: KeyLimits = {}, options: Parameters<typeof tokenIssuer>[0] = {}) {
  const clock = { now: start }
  const issuer = await tokenIssuer({ now: () => clock.now / 1_000, ...options })
  const outgoing = openOutgoing({ allowHttp: true, allowedNetworks: ['127.0.0.1/32'], idleMs: 200 })
  onTestFinished(() => outgoing.close())
  const fetched: KeysFetched[] = []
  const onFetched = (one: KeysFetched) => fetched.push(one)
  const tokens = createIdentityTokens(createIssuerKeys({ outgoing, now: () => clock.now, onFetched, ...limits }))
  const expected = { issuer: issuer.issuer, audience, algorithms: ['RS256'], longestLifeSeconds: 3_600 } as const
  const check = async (kid = 'first', claims = {}) => {
    const token = await issuer.sign({ aud: audience, ...claims }, { key: await issuerKey(kid) })
    await tokens.check(secretOf(token), expected, new Date(clock.now).toISOString())
    return 'taken'
  }
  return { clock, issuer, check, fetched, tokens, expected }
}

describe('keys of an issuer', () => {
  it('are fetched once for tokens that come at the same time, and kept', async () => {
    const { issuer, check } = await world()
    expect(await Promise.all([check(), check(), check()])).toEqual(['taken', 'taken', 'taken'])
    expect(await check()).toBe('taken')
    expect(issuer.fetches()).toBe(1)
  })

  it('are fetched no more often than the cooldown allows, however many key ids are invented, and each fetch is told', async () => {
    const { clock, issuer, check, fetched } = await world()
    await check()
    clock.now += minute
    await expect(check('invented')).rejects.toMatchObject({ code: 'IDENTITY_TOKEN_KEY_UNKNOWN', isPassing: false })
    for (let attempt = 0; attempt < 20; attempt += 1)
      await expect(check('invented', { attempt })).rejects.toMatchObject({ code: 'IDENTITY_TOKEN_KEY_PENDING' })
    expect([issuer.fetches(), fetched.length]).toEqual([2, 2])
    expect(fetched[0]).toEqual({ issuer: issuer.issuer, error: null })
  })

  it('that are new within the cooldown are a fault that passes, and known after it', async () => {
    const { clock, issuer, check } = await world()
    await check()
    clock.now += 10_000
    issuer.faults.set = [(await issuerKey('first')).publicKey, (await issuerKey('next')).publicKey]
    await expect(check('next')).rejects.toMatchObject({
      code: 'IDENTITY_TOKEN_KEY_PENDING',
      isPassing: true,
      retryAfterSeconds: 20,
    })
    clock.now += 20_000
    expect(await check('next')).toBe('taken')
    expect(issuer.fetches()).toBe(2)
  })

  it('that were withdrawn verify nothing after ten minutes', async () => {
    const { clock, issuer, check } = await world()
    await check()
    issuer.faults.set = [(await issuerKey('next')).publicKey]
    clock.now += 9 * minute
    expect(await check()).toBe('taken')
    clock.now += minute
    await expect(check()).rejects.toMatchObject({ code: 'IDENTITY_TOKEN_KEY_UNKNOWN' })
  })

  it('of before are used while the issuer is down, and not for ever', async () => {
    const { clock, issuer, check } = await world()
    await check()
    issuer.faults.keys = (_, response) => response.writeHead(503).end()
    clock.now += 11 * minute
    expect(await check()).toBe('taken')
    clock.now = start + 4 * 60 * minute
    await expect(check()).rejects.toMatchObject({
      code: 'IDENTITY_TOKEN_KEYS_UNAVAILABLE',
      isPassing: true,
      retryAfterSeconds: 30,
    })
    issuer.faults.keys = undefined
    await expect(check()).rejects.toMatchObject({ code: 'IDENTITY_TOKEN_KEYS_UNAVAILABLE' })
    clock.now += 30_000
    expect(await check()).toBe('taken')
  })

  it('of before are not used when the issuer says that it is another one', async () => {
    const { clock, issuer, check } = await world()
    await check()
    issuer.faults.discovery = { issuer: 'https://other.example.com' }
    clock.now += 11 * minute
    for (const _ of [1, 2])
      await expect(check()).rejects.toMatchObject({ code: 'IDENTITY_TOKEN_DISCOVERY_MISMATCH', isPassing: false })
  })

  it.each<[string, Parameters<typeof world>[0], string]>([
    ['down', {}, 'IDENTITY_TOKEN_KEYS_UNAVAILABLE'],
    ['slow', {}, 'IDENTITY_TOKEN_KEYS_UNAVAILABLE'],
    ['huge', {}, 'IDENTITY_TOKEN_KEYS_TOO_LARGE'],
    ['many', {}, 'IDENTITY_TOKEN_KEYS_MALFORMED'],
    ['elsewhere', {}, 'IDENTITY_TOKEN_KEYS_UNAVAILABLE'],
    ['no JSON', {}, 'IDENTITY_TOKEN_KEYS_MALFORMED'],
    ['no set', {}, 'IDENTITY_TOKEN_KEYS_MALFORMED'],
  ])(
    'that are %s are a fault that passes, of which others at the moment wait no longer',
    async (what, limits, code) => {
      const { issuer, check } = await world(limits)
      issuer.faults.keys = (_, response) => {
        if (what === 'down') response.destroy()
        else if (what === 'slow') response.writeHead(200).write('{"keys":')
        else if (what === 'huge') response.end(`{"keys":[],"padding":"${'x'.repeat(300_000)}"}`)
        else if (what === 'many')
          response.end(JSON.stringify({ keys: Array.from({ length: 101 }, () => ({ kty: 'RSA' })) }))
        else if (what === 'elsewhere') response.writeHead(302, { location: '/other' }).end()
        else response.end(what === 'no set' ? '{"keys":{}}' : '<html>')
      }
      await expect(check()).rejects.toMatchObject({ code, isPassing: true, retryAfterSeconds: 30 })
      await expect(check()).rejects.toMatchObject({ code, isPassing: true })
      expect(issuer.fetches()).toBe(1)
    },
  )

  it('are taken by what they are for: none for encryption, none with a secret', async () => {
    const { issuer, check } = await world()
    const { publicKey } = await issuerKey('first')
    issuer.faults.set = [
      { ...publicKey, use: 'enc' },
      { ...publicKey, alg: 'PS256' },
      { kty: 'oct', kid: 'first', k: 'c2VjcmV0' },
    ]
    await expect(check()).rejects.toMatchObject({ code: 'IDENTITY_TOKEN_KEY_UNKNOWN' })
  })

  it('of one id are each tried, and without an id only the one that fits', async () => {
    const { clock, issuer, check, tokens, expected } = await world()
    const [first, next] = [await issuerKey('first'), await issuerKey('next')]
    issuer.faults.set = [{ ...next.publicKey, kid: 'first' }, first.publicKey]
    expect(await check()).toBe('taken')
    const { kid: _, ...nameless } = first.publicKey
    const withoutId = async () => {
      const token = await issuer.sign(
        { aud: audience },
        { key: { ...first, publicKey: { ...nameless, kid: undefined as never } } },
      )
      return (await tokens.check(secretOf(token), expected, new Date(clock.now).toISOString())).issuer
    }
    await expect(withoutId()).rejects.toMatchObject({ code: 'IDENTITY_TOKEN_KEY_PENDING' })
    issuer.faults.set = [first.publicKey]
    clock.now += minute
    expect(await withoutId()).toBe(issuer.issuer)
  })
})
