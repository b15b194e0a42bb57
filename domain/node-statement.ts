import { z } from 'zod'
import type { BuildNode } from './actor.ts'
import { canonicalJson } from './canonical-json.ts'
import { Refusal } from './refusal.ts'

/** The header by which an authentication proxy says which node it passes a request on for. */
export const nodeStatementHeader = 'countersign-node-statement'

/** Who a build node is, as its client certificate says and the proxy's rules found right. */
export type NodeIdentity = {
  /** Distinguished names as text (RFC 4514), for people. */
  readonly subject: string
  readonly issuer: string
  /** Hexadecimal, lower case, without leading zeros. With the issuer it names the certificate. */
  readonly serialNumber: string
  /** SHA-256 of the certificate, hexadecimal. */
  readonly fingerprint: string
  /** Object identifier and version of the Microsoft template by which it was issued, where the certificate names one. */
  readonly templateId: string | null
  readonly templateVersion: string | null
  /** The template's name, where the certificate has the older extension. */
  readonly templateName: string | null
  /** The rule set of the proxy that accepted the node. */
  readonly ruleSet: string
}

/** What a proxy says with one request. It holds for this request alone, and for a minute. */
export type NodeStatement = {
  /** The build system whose token the proxy adds to the request. */
  readonly trustedBuildSystemId: string
  readonly node: NodeIdentity
  readonly method: string
  /** Path and query as the node sent them. */
  readonly target: string
  /** ISO 8601, UTC, with milliseconds. */
  readonly issuedAt: string
  /** 128 random bits, hexadecimal: a statement that comes a second time has this in common with the first. */
  readonly nonce: string
  /** SHA-256 of the body, hexadecimal, where the proxy read it or the node announced it (`Content-Digest`); else `null`. */
  readonly bodySha256: string | null
}

/** An Ed25519 key (RFC 8032) by which a proxy signs. */
export type NodeStatementKey = {
  /** SHA-256 of the public key, hexadecimal. */
  readonly keyId: string
  /** DER SubjectPublicKeyInfo (RFC 8410), base64. */
  readonly publicKey: string
}

/** For how long a statement counts, and how far clocks may be apart, in milliseconds. */
export const nodeStatementLifetimeMs = 60_000

/** The longest statement that is read, in characters. */
const longest = 8_192

/** What a proxy writes of a certificate: without what does something to whoever prints it, or cannot be kept. */
const text = z
  .string()
  .max(4_000)
  .refine((value) => value.isWellFormed() && !/\p{Cc}/u.test(value))
const schema = z.strictObject({
  trustedBuildSystemId: text,
  node: z.strictObject({
    subject: text,
    issuer: text,
    serialNumber: text,
    fingerprint: text,
    templateId: text.nullable(),
    templateVersion: text.nullable(),
    templateName: text.nullable(),
    ruleSet: text,
  }),
  method: text,
  target: z.string(),
  issuedAt: z.iso.datetime({ precision: 3 }),
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  bodySha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
})

const header = (keyId: string) => ({ alg: 'EdDSA', kid: keyId, typ: 'countersign-node+jws' })

/**
 * Writes a statement as a JWS in compact form (RFC 7515 §7.1, RFC 8037), its payload canonical JSON.
 *
 * @param sign makes the Ed25519 signature of these bytes
 */
export function signNodeStatement(
  statement: NodeStatement,
  keyId: string,
  sign: (bytes: Uint8Array) => Uint8Array,
): string {
  const signed = `${encode(canonicalJson(header(keyId)))}.${encode(canonicalJson(statement))}`
  return `${signed}.${base64Url(sign(new TextEncoder().encode(signed)))}`
}

/** Whether a public key (DER SubjectPublicKeyInfo, base64) made an Ed25519 signature of these bytes. */
export type VerifyStatement = (publicKey: string, bytes: Uint8Array, signature: Uint8Array) => boolean

/**
 * Reads a statement that one of some keys signed. Whether it holds for a request is not asked.
 *
 * @param stated the header's value
 * @throws Refusal `PROXY_STATEMENT_MALFORMED`, `PROXY_STATEMENT_UNTRUSTED`
 */
export function readNodeStatement(
  stated: string,
  keys: readonly NodeStatementKey[],
  verify: VerifyStatement,
): { readonly statement: NodeStatement; readonly keyId: string } {
  const [, protectedHeader, payload, signature] =
    stated.length > longest ? [] : (/^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(stated) ?? [])
  if (protectedHeader === undefined || payload === undefined || signature === undefined) throw malformed()
  // The header is compared with what each key would have written: no algorithm is taken from it.
  const key = keys.find(({ keyId }) => encode(canonicalJson(header(keyId))) === protectedHeader)
  if (key === undefined)
    throw new Refusal(
      'PROXY_STATEMENT_UNTRUSTED',
      'The statement about the build node is signed with a key that is not registered with the trusted build system. An administrator registers the public key of the proxy.',
    )
  if (!verify(key.publicKey, new TextEncoder().encode(`${protectedHeader}.${payload}`), bytesOf(signature)))
    throw new Refusal(
      'PROXY_STATEMENT_UNTRUSTED',
      `The signature of the statement about the build node is not by the key ${key.keyId}, which it names.`,
    )
  return { statement: read(payload), keyId: key.keyId }
}

/** What a request must be that a statement is believed for. */
export type StatedRequest = {
  /** Whose token came with it. */
  readonly trustedBuildSystemId: string
  readonly method: string
  readonly target: string
  /** The SHA-256 that it announces for its body (`Content-Digest`), hexadecimal; `null` where it does not. */
  readonly bodySha256: string | null
  /** ISO 8601: the present. */
  readonly at: string
}

/**
 * Reads what a proxy says of a request, and believes it only when a registered key signed it for this very request within the last
 * minute. That it was not used before, by its nonce, is for the caller to see to for {@link nodeStatementLifetimeMs}.
 *
 * @param stated the header's value
 * @param keys of the trusted build system that vouches for the request
 * @throws Refusal `PROXY_STATEMENT_MALFORMED`, `PROXY_STATEMENT_UNTRUSTED`, `PROXY_STATEMENT_EXPIRED`, `PROXY_STATEMENT_MISMATCH`
 */
export function verifyNodeStatement(
  stated: string,
  request: StatedRequest,
  keys: readonly NodeStatementKey[],
  verify: VerifyStatement,
): NodeStatement {
  const { statement } = readNodeStatement(stated, keys, verify)
  const age = Date.parse(request.at) - Date.parse(statement.issuedAt)
  if (Math.abs(age) > nodeStatementLifetimeMs)
    throw new Refusal(
      'PROXY_STATEMENT_EXPIRED',
      `The statement about the build node is of ${statement.issuedAt}, and it is ${request.at}: it counts for a minute. Are the clocks of proxy and service right?`,
    )
  const differing = differences(statement, request)
  if (differing.length > 0)
    throw new Refusal(
      'PROXY_STATEMENT_MISMATCH',
      `The statement about the build node was made for another request: another ${differing.join(' and ')}.`,
    )
  return statement
}

/** A build node as events name it. */
export function buildNodeOf({
  subject,
  issuer,
  serialNumber,
  templateId,
  templateName,
  ruleSet,
}: NodeIdentity): BuildNode {
  return { subject, issuer, serialNumber, template: templateId ?? templateName, rule: ruleSet }
}

function differences(statement: NodeStatement, request: StatedRequest): readonly string[] {
  return [
    ...(statement.trustedBuildSystemId === request.trustedBuildSystemId ? [] : ['trusted build system']),
    ...(statement.method === request.method ? [] : ['method']),
    ...(statement.target === request.target ? [] : ['path or query']),
    // A digest that was announced to the proxy must arrive, so that the body is held against it.
    ...(statement.bodySha256 === null || statement.bodySha256 === request.bodySha256 ? [] : ['body']),
  ]
}

function read(payload: string): NodeStatement {
  try {
    const json = new TextDecoder('utf-8', { fatal: true }).decode(bytesOf(payload))
    return schema.parse(JSON.parse(json))
  } catch {
    throw malformed()
  }
}

function malformed(): Refusal {
  return new Refusal(
    'PROXY_STATEMENT_MALFORMED',
    `The header ${nodeStatementHeader} is no statement of an authentication proxy: a JWS in compact form of at most ${longest} characters. Nobody but the proxy sends it.`,
  )
}

function encode(plain: string): string {
  return base64Url(new TextEncoder().encode(plain))
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

function bytesOf(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
  } catch {
    throw malformed()
  }
}
