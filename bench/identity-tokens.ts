import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { createIdentityTokens, createIssuerKeys } from '../origin/identity-token/index.ts'
import { secretOf } from '../origin/index.ts'
import { openOutgoing } from '../outgoing/index.ts'
import { median } from './median.ts'

/** How fast identity tokens are checked with keys at hand, per second of processor time. */
export type IdentityTokenFigures = { readonly checkedPerSecond: number; readonly barePerSecond: number }

const tokensOfRound = 2_000
const rounds = 7

/**
 * Checks tokens like those of a job (RS256, 2048 bits, about 1.5 KB), and verifies the same ones by `jwtVerify` of `jose` with the key at
 * hand, issuer and audience said, in turns; the median of the rounds.
 */
export async function measureIdentityTokens(): Promise<IdentityTokenFigures> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const key = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'RS256', use: 'sig' }
  const server = createServer((request, response) => {
    const isDiscovery = request.url === '/.well-known/openid-configuration'
    response.end(JSON.stringify(isDiscovery ? { issuer, jwks_uri: `${issuer}/keys` } : { keys: [key] }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const outgoing = openOutgoing({ allowHttp: true, allowedNetworks: ['127.0.0.1/32'] })
  try {
    const audience = 'https://signing.example.com'
    const others = Object.fromEntries(
      Array.from({ length: 25 }, (_, index) => [`claim_${index}`, `value ${index} of a job`]),
    )
    const tokens = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        new SignJWT({ ...others, jti: String(index) })
          .setProtectedHeader({ alg: 'RS256', kid: 'bench', typ: 'JWT' })
          .setIssuer(issuer)
          .setAudience(audience)
          .setIssuedAt()
          .setExpirationTime('1h')
          .sign(privateKey),
      ),
    )
    const identityTokens = createIdentityTokens(createIssuerKeys({ outgoing, now: Date.now }))
    const expected = { issuer, audience, algorithms: ['RS256'], longestLifeSeconds: 7_200 } as const
    const check = (token: string) => identityTokens.check(secretOf(token), expected, new Date().toISOString())
    const bare = (token: string) => jwtVerify(token, publicKey, { issuer, audience, algorithms: ['RS256'] })

    const measured = { check: [] as number[], bare: [] as number[] }
    for (let round = 0; round <= rounds; round += 1)
      for (const [name, work] of [
        ['check', check],
        ['bare', bare],
      ] as const) {
        const rate = await ratePerSecond(tokens, work)
        // The first round warms up: keys are fetched, and code is compiled.
        if (round > 0) measured[name].push(rate)
      }
    return { checkedPerSecond: median(measured.check), barePerSecond: median(measured.bare) }
  } finally {
    await outgoing.close()
    await new Promise((resolve) => server.close(resolve))
  }
}

async function ratePerSecond(tokens: readonly string[], work: (token: string) => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage()
  for (let index = 0; index < tokensOfRound; index += 1) await work(tokens[index % tokens.length] ?? '')
  const { user, system } = process.cpuUsage(start)
  return (tokensOfRound * 1_000_000) / (user + system)
}
