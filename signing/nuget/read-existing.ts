import { createHash } from 'node:crypto'
import {
  DerReader,
  type ForeignSignedData,
  type ForeignSigner,
  foreignHashes,
  objectIdentifiers,
  readForeignSignedData,
  readForeignSigner,
  valuesOf,
} from '../cms/index.ts'
import { type DescribedSigner, describeSigner } from '../existing/index.ts'
import type { DoFileWork } from '../file-passes/index.ts'
import { SigningError } from '../signing-error.ts'
import { primaryIdentity, takeApart } from './take-apart.ts'

/** What a signature is for, as its commitment says. */
export type PackageSignatureType = 'author' | 'repository' | 'unknown'

/** A signer of a package. */
export interface ReadPackageSigner {
  readonly type: PackageSignatureType
  readonly signer: Omit<DescribedSigner, 'certificate'>
  /** SHA-256, hexadecimal, that stays the same when others are added. */
  readonly sha256: string
  readonly serviceIndexUrl: string | null
  readonly owners: readonly string[]
}

/** A signature that a package has, as far as it can be judged without the package. */
export type ReadPackageSignature =
  | { readonly kind: 'unreadable'; readonly sha256: string; readonly reason: string }
  | (ReadPackageSigner & {
      readonly kind: 'signature'
      /** Hash, as OpenSSL names it, `undefined` for one that is not known; and the package's digest by it. */
      readonly stated: { readonly hash: string | undefined; readonly digest: string }
      readonly countersignatures: readonly ReadPackageSigner[]
    })

const code = 'NUGET_EXISTING_SIGNATURE_MALFORMED'
const countersignatureLimit = 16

/** In a thread: reads the signature of a package, whoever made it. */
export const doFileWork: DoFileWork<Uint8Array, ReadPackageSignature> = async (bytes) => {
  try {
    return read(bytes)
  } catch (error) {
    if (!(error instanceof SigningError)) throw error
    return { kind: 'unreadable', sha256: sha256Of(bytes), reason: error.message }
  }
}

function read(bytes: Uint8Array): ReadPackageSignature {
  const signedData = readForeignSignedData(bytes, code)
  const { signer, contentType, content } = signedData
  const values = valuesOf(signer.unsignedAttributes, objectIdentifiers.countersignature)
  if (values.length > countersignatureLimit)
    throw new SigningError(
      code,
      `It has ${values.length} counter-signatures; at most ${countersignatureLimit} are read.`,
    )
  const countersigners = values.map((value) => readForeignSigner(value, code))
  const counters = countersigners.map((each) => describe(signedData, each, signer.signature, undefined, []))
  const own = describe(
    signedData,
    signer,
    content.octets,
    contentType,
    counters.map(({ certificate }) => certificate),
  )
  return {
    kind: 'signature',
    ...said(signer, own),
    sha256: primaryIdentity(takeApart(bytes, code), code),
    stated: readContent(contentType, content.octets),
    countersignatures: countersigners.map((each, index) => ({
      ...said(each, counters[index] ?? own),
      sha256: sha256Of(values[index] ?? new Uint8Array()),
    })),
  }
}

function describe(
  signedData: ForeignSignedData,
  signer: ForeignSigner,
  octets: Uint8Array,
  contentType: string | undefined,
  otherSigners: readonly DescribedSigner['certificate'][],
): DescribedSigner {
  const unsignedAttributes = signer.unsignedAttributes.filter(({ type }) => type !== objectIdentifiers.countersignature)
  return describeSigner({ signedData, signer: { ...signer, unsignedAttributes }, octets, contentType, otherSigners })
}

function said(
  { signedAttributes }: ForeignSigner,
  { certificate: _, ...signer }: DescribedSigner,
): Omit<ReadPackageSigner, 'sha256'> {
  const [url] = valuesOf(signedAttributes, objectIdentifiers.nugetServiceIndexUrl)
  const [owners] = valuesOf(signedAttributes, objectIdentifiers.nugetPackageOwners)
  return {
    type: typeOf(valuesOf(signedAttributes, objectIdentifiers.commitmentType)),
    signer,
    serviceIndexUrl:
      url === undefined ? null : textOf(new DerReader(url, code).take(0x16, 'the service index').content),
    owners: owners === undefined ? [] : readOwners(owners),
  }
}

/** CommitmentTypeIndication (RFC 5126 §5.11.1), whose qualifiers say nothing here. */
function typeOf(values: readonly Uint8Array[]): PackageSignatureType {
  const types = new Set(
    values.map((value) =>
      new DerReader(value, code).enter(0x30, 'the commitment').objectIdentifier('the type of the commitment'),
    ),
  )
  const isAuthor = types.has(objectIdentifiers.proofOfOrigin)
  const isRepository = types.has(objectIdentifiers.proofOfReceipt)
  return isAuthor === isRepository ? 'unknown' : isAuthor ? 'author' : 'repository'
}

const ownerLimit = 100

function readOwners(value: Uint8Array): readonly string[] {
  const list = new DerReader(value, code).enter(0x30, 'the owners')
  return list.rest(ownerLimit, 'the owners').map(({ content }) => textOf(content))
}

/** Texts of somebody else stand in reports: whole characters, and not many. */
function textOf(content: Uint8Array): string {
  return Buffer.from(content).toString('utf8').slice(0, 300).toWellFormed()
}

/** The version of the form, and one digest of the package. */
function readContent(contentType: string, octets: Uint8Array) {
  const text = Buffer.from(octets).toString('latin1')
  const [, identifier = '', digest = ''] =
    /^Version:1\r?\n\r?\n([0-9.]+)-Hash:([A-Za-z0-9+/]+={0,2})\r?\n\r?\n$/.exec(text) ?? []
  if (contentType !== objectIdentifiers.data || identifier === '')
    throw new SigningError(code, 'It does not sign the digest of a package in the form of version 1.')
  return { hash: foreignHashes.get(identifier), digest: Buffer.from(digest, 'base64').toString('hex') }
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
