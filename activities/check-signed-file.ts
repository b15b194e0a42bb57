import type { FileHandle } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import {
  type ExistingSignature,
  type MadeSignature,
  Refusal,
  type SigningDirective,
  type SigningPlan,
} from '../domain/index.ts'
import type { DetachedSignature } from '../signing/detached-signature.ts'
import { attributeTitle, directiveDefinition } from '../signing/directives.ts'
import { readOpenPgpCertificate } from '../signing/openpgp/index.ts'
import type {
  DirectiveDefinition,
  FileWorkOptions,
  FoundDirective,
  FoundTimestamp,
  OpenFile,
  SignatureFormat,
} from '../signing/signature-format.ts'
import { readCertificate } from '../signing/x509/index.ts'

/** A signed file, open for reading. */
export type SignedFileAtHand = {
  readonly format: SignatureFormat
  readonly handle: FileHandle
  /** Its own file name. */
  readonly fileName: string
}

/** What a signed file was to be. */
export type SignaturePromise = {
  readonly plan: Pick<SigningPlan, 'timestamp' | 'certificateThumbprint'>
  readonly directives: readonly SigningDirective[]
  /** The signatures that the file had. */
  readonly existingSignatures: readonly ExistingSignature[]
  /** The certificate as it is configured: DER, leaf first, with its root or without. */
  readonly certificateChain: readonly Uint8Array[]
  /** The OpenPGP certificate, in its binary form; left out where an X.509 one signs. */
  readonly openPgpCertificate?: Uint8Array | undefined
  /** DER certificates that time-stamps must lead to; `undefined`: any authority is taken. */
  readonly trustedTimestampCertificates: readonly Uint8Array[] | undefined
  /** When certificates must be valid where no trusted time-stamp says when the file was signed. */
  readonly at: Date
}

/**
 * Law 7: what leaves is checked, by code written apart from the code that signed. The file must have exactly the signatures
 * that the plan promised, those that it had untouched, and each new one must be as it was planned in everything that can be
 * read back from it.
 *
 * @returns the new signatures, in the order of the directives
 * @throws Refusal `SIGNATURE_NOT_AS_PLANNED`, naming the promise that was broken
 * @throws SigningError the format's codes when there are other signatures than the plan says, or one is not valid
 */
export async function checkSignedFile(
  { format, handle, fileName }: SignedFileAtHand,
  promise: SignaturePromise,
  options: FileWorkOptions,
): Promise<readonly MadeSignature[]> {
  const { directives, existingSignatures, certificateChain, trustedTimestampCertificates, at } = promise
  // Those that were there before are others': they must be as they were.
  const kept = existingSignatures.filter(({ outcome }) => outcome === 'kept').map(({ sha256 }) => sha256)
  const expectation = { fileName, directives, kept, certificateChain, trustedTimestampCertificates, at }
  const found = await format.verify(handle, expectation, options)
  if (found.length !== directives.length) throw notAsPlanned('the number of signatures')
  for (const [index, directive] of directives.entries()) {
    const broken = await brokenPromise(format, directive, found[index], promise)
    if (broken !== undefined) throw notAsPlanned(broken)
  }
  return found.map(({ directive, timestamp }) => ({
    directive,
    timestamp: timestamp === undefined ? null : said(timestamp),
  }))
}

/**
 * Law 7 for signatures that are files of their own: each is read again with the file that it signs, and must be as it was planned.
 *
 * @param signatures in the order of the directives
 * @throws Refusal `SIGNATURE_NOT_AS_PLANNED`, naming the promise that was broken
 * @throws SigningError the codes of the kind of signature when one is not valid
 */
export async function checkDetachedSignature(
  detached: readonly DetachedSignature[],
  file: OpenFile,
  signatures: readonly OpenFile[],
  promise: Omit<SignaturePromise, 'existingSignatures'>,
  options: FileWorkOptions,
): Promise<readonly MadeSignature[]> {
  const { directives, certificateChain, openPgpCertificate, trustedTimestampCertificates, at } = promise
  if (signatures.length !== directives.length) throw notAsPlanned('the number of signatures')
  const made: MadeSignature[] = []
  for (const [index, directive] of directives.entries()) {
    const kind = detached.find(({ definition }) => definition.name === directive.directive)
    if (kind === undefined) throw notAsPlanned('the kind of signature')
    const expectation = { directive, certificateChain, openPgpCertificate, trustedTimestampCertificates, at }
    const found = await kind.verify(file, signatures[index] as OpenFile, expectation, options)
    const broken = await brokenPromise({ name: 'file', directives: [kind.definition] }, directive, found, promise)
    if (broken !== undefined) throw notAsPlanned(broken)
    made.push({ directive: found.directive, timestamp: found.timestamp === undefined ? null : said(found.timestamp) })
  }
  return made
}

function said({ time, authority, uncovered }: FoundTimestamp): MadeSignature['timestamp'] {
  return { time: time.toISOString(), authority, uncovered }
}

/** What of a directive the signed file does not hold; `undefined` when it holds all of it. */
async function brokenPromise(
  format: Pick<SignatureFormat, 'name' | 'directives'>,
  { directive, attributes, contentDigests }: SigningDirective,
  found: FoundDirective | undefined,
  { plan, certificateChain }: Pick<SignaturePromise, 'plan' | 'certificateChain'>,
): Promise<string | undefined> {
  if (found?.directive !== directive) return 'the kind of signature'
  const definition = directiveDefinition(format, directive)
  const embedded = definition.embeddedCertificates(certificateChain, attributes)
  if ((await thumbprintOf(definition, found)) !== plan.certificateThumbprint) return 'the certificate'
  if (!isSameChain(found.certificates, embedded)) return 'the certificate chain'
  const names = new Set([...Object.keys(attributes), ...Object.keys(found.attributes)])
  for (const name of names)
    if (!definition.untraceable.includes(name) && found.attributes[name] !== attributes[name])
      return `the ${attributeTitle(definition, name)}`
  if (!isDeepStrictEqual(found.contentDigests, contentDigests)) return 'the digest'
  if ((found.timestamp !== undefined) !== (plan.timestamp === 'required' && definition.timestamps))
    return 'the time-stamp'
  return undefined
}

/** What plans name the certificate of a signature by. */
async function thumbprintOf(
  { certificateFormat }: DirectiveDefinition,
  { signerCertificate }: FoundDirective,
): Promise<string> {
  if (certificateFormat === 'openpgp') return (await readOpenPgpCertificate(signerCertificate)).fingerprint
  return readCertificate(signerCertificate).thumbprintSha256
}

function notAsPlanned(promise: string): Refusal {
  return new Refusal(
    'SIGNATURE_NOT_AS_PLANNED',
    `The signature that was made is not the planned one: ${promise} is not as the plan says. It was thrown away.`,
    { promise },
  )
}

function isSameChain(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  return one.length === other.length && one.every((each, index) => Buffer.from(other[index] ?? []).equals(each))
}
