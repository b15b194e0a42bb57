import type { RequestListener, ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose'
import { answeringServer } from '../answering-server.ts'

/** A key pair of an issuer, and its public half as a set of keys has it. */
export type IssuerKey = { readonly privateKey: CryptoKey; readonly publicKey: JWK & { readonly kid: string } }

const made = new Map<string, Promise<IssuerKey>>()

/** A key pair, made once in a process for each name. */
export function issuerKey(kid: string, algorithm = 'RS256'): Promise<IssuerKey> {
  const name = `${kid} ${algorithm}`
  const key = made.get(name) ?? makeKey(kid, algorithm)
  made.set(name, key)
  return key
}

async function makeKey(kid: string, algorithm: string): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  return { privateKey, publicKey: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' } }
}

/** What an issuer of a test may do otherwise. */
export type IssuerFaults = {
  /** What its discovery document says in place of the truth. */
  discovery?: Record<string, unknown>
  /** Answers in its place where its keys are asked for. */
  keys?: RequestListener | undefined
  /** Its public keys, in place of the one that it has. */
  set?: readonly JWK[]
}

/** An issuer of identity tokens on 127.0.0.1 until the test ends. */
export type TokenIssuer = {
  readonly issuer: string
  /** Origin of its server. */
  readonly url: string
  /** Change it to have the issuer do otherwise from then on. */
  readonly faults: IssuerFaults
  /** How often its keys were asked for. */
  readonly fetches: () => number
  /** Signs claims; `iss` is its own, issued now and valid for five minutes, unless they say otherwise. */
  readonly sign: (
    claims: Readonly<Record<string, unknown>>,
    by?: { readonly key?: IssuerKey; readonly header?: Partial<JWTHeaderParameters> },
  ) => Promise<string>
}

/**
 * An issuer as OpenID Connect Discovery 1.0 (§4) and RFC 7517 describe it.
 *
 * @param options.path of the issuer's address: enterprises have one. Its keys stay at the root, as GitHub's do.
 * @param options.now seconds since 1970
 */
export async function tokenIssuer({
  path = '',
  kid = 'first',
  algorithm = 'RS256',
  now = () => Math.floor(Date.now() / 1_000),
}: {
  readonly path?: string
  readonly kid?: string
  readonly algorithm?: string
  readonly now?: () => number
} = {}): Promise<TokenIssuer> {
  const own = await issuerKey(kid, algorithm)
  const faults: IssuerFaults = {}
  const json = (response: ServerResponse, value: unknown) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))

  const server = await answeringServer((request, response) => {
    if (request.method !== 'GET' || request.headers.authorization !== undefined) response.writeHead(400).end()
    else if (request.url === `${path}/.well-known/openid-configuration`)
      json(response, {
        issuer: `${server.url}${path}`,
        jwks_uri: `${server.url}/.well-known/jwks`,
        id_token_signing_alg_values_supported: [algorithm],
        ...faults.discovery,
      })
    else if (request.url !== '/.well-known/jwks') response.writeHead(404).end()
    else if (faults.keys === undefined) json(response, { keys: faults.set ?? [own.publicKey] })
    else faults.keys(request, response)
  })

  return {
    issuer: `${server.url}${path}`,
    url: server.url,
    faults,
    fetches: () => server.asked.filter(({ url }) => url === '/.well-known/jwks').length,
    sign: (claims, { key = own, header = {} } = {}) =>
      new SignJWT({ iss: `${server.url}${path}`, iat: now(), exp: now() + 300, ...claims })
        .setProtectedHeader({ alg: key.publicKey.alg ?? '', kid: key.publicKey.kid, typ: 'JWT', ...header })
        .sign(key.privateKey),
  }
}
