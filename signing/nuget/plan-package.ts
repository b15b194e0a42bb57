import type { FileHandle } from 'node:fs/promises'
import type { ExistingSignature } from '../../domain/index.ts'
import { shortText } from '../authenticode/foreign-parts.ts'
import type { FileWorkOptions } from '../signature-format.ts'
import { SigningError } from '../signing-error.ts'
import type { NugetOrder } from './directive.ts'
import { type OpenPackage, openPackage, signaturePath } from './open-package.ts'
import type { ReadPackageSignature, ReadPackageSigner } from './read-existing.ts'
import { digestPackage, type UnsignedPackage, unsignedPackage } from './unsigned-package.ts'

/** A package with what its signature is for, and what becomes of the one that it has. */
export interface PlannedPackage {
  readonly unsigned: UnsignedPackage
  /** Of the package without signature, by the order's hash; where it is counter-signed by that of the author's signature. */
  readonly digest: { readonly algorithm: string; readonly bytes: Buffer }
  readonly existing: readonly ExistingSignature[]
  /** The author's signature that a repository counter-signs, a ContentInfo; `undefined` where the new signature stands by itself. */
  readonly countersigned: Uint8Array | undefined
}

/**
 * Reads a package and its signature, digests it without that, and settles what becomes of it.
 *
 * @throws SigningError `NUGET_…`; those of archives
 */
export async function planPackage(
  file: { readonly handle: FileHandle; readonly size: number },
  order: NugetOrder,
  options: FileWorkOptions,
): Promise<PlannedPackage> {
  const opened = await openPackage(file, options)
  const read = await readExisting(opened, options)
  const unsigned = unsignedPackage(opened)
  const stated = read?.kind === 'signature' ? (read.stated.hash ?? order.hash) : order.hash
  const digests = await digestPackage(opened, unsigned, [...new Set([order.hash, stated])], options)
  const digestBy = (algorithm: string) => ({ algorithm, bytes: digests.get(algorithm) ?? Buffer.alloc(0) })
  if (read === undefined) return { unsigned, digest: digestBy(order.hash), existing: [], countersigned: undefined }
  const isKept = order.type === 'repository' && read.kind === 'signature' && read.type === 'author'
  const existing = describePackage(read, isKept ? 'kept' : 'replaced', digests)
  assertAllowed(order, read, existing)
  return isKept
    ? { unsigned, digest: digestBy(stated), existing, countersigned: opened.signature?.bytes }
    : { unsigned, digest: digestBy(order.hash), existing, countersigned: undefined }
}

/** Reads the signature of a package, in a thread; `undefined` when it has none. */
export async function readExisting(
  { signature }: OpenPackage,
  { passes, signal }: FileWorkOptions,
): Promise<ReadPackageSignature | undefined> {
  if (signature === undefined) return undefined
  const module = new URL('./read-existing.ts', import.meta.url).href
  return (await passes.parse({ module, parameters: signature.bytes }, { signal })) as ReadPackageSignature
}

/** The signature of a package as plans name it, and the counter-signatures on it. */
export function describePackage(
  read: ReadPackageSignature,
  outcome: ExistingSignature['outcome'],
  digests: ReadonlyMap<string, Buffer>,
): readonly ExistingSignature[] {
  if (read.kind === 'unreadable')
    return [{ kind: 'unreadable', outcome, place: signaturePath, depth: 0, sha256: read.sha256, reason: read.reason }]
  const { hash, digest } = read.stated
  const isFor = hash === undefined ? undefined : digests.get(hash)?.toString('hex') === digest
  const signature = (each: ReadPackageSigner, depth: 0 | 1): ExistingSignature => {
    const { verdict, ...signer } = each.signer
    return {
      kind: 'signature',
      outcome,
      place: placeOf(each, depth),
      depth,
      sha256: each.sha256,
      ...signer,
      integrity: isFor === undefined ? 'unchecked' : !isFor ? 'fileChanged' : verdict === 'valid' ? 'intact' : verdict,
    }
  }
  return [signature(read, 0), ...read.countersignatures.map((each) => signature(each, 1))]
}

function placeOf({ type, serviceIndexUrl, owners }: ReadPackageSigner, depth: 0 | 1): string {
  const kind = type === 'unknown' ? '' : `${type} `
  const said = [...(serviceIndexUrl === null ? [] : [serviceIndexUrl]), ...owners].join(', ')
  const place = depth === 0 ? `${kind}signature` : `${kind}countersignature`
  return said === '' ? place : shortText(`${place} (${said})`)
}

/** NuGet takes one signature of an author and one of a repository, and the latter only by itself or on one of an author. */
function assertAllowed(order: NugetOrder, read: ReadPackageSignature, existing: readonly ExistingSignature[]): void {
  if (order.type === 'author') {
    if (order.append)
      throw new SigningError(
        'NUGET_SIGNATURE_PRESENT',
        'The package is signed already, and an author can only replace what is there: NuGet takes one signature beside that of a repository.',
      )
    return
  }
  if (read.kind === 'unreadable')
    throw new SigningError(
      'NUGET_EXISTING_SIGNATURE_INVALID',
      `A repository cannot sign a package whose signature cannot be read: ${read.reason}`,
    )
  if (read.type !== 'author' || read.countersignatures.length > 0)
    throw new SigningError(
      'NUGET_REPOSITORY_SIGNATURE_PRESENT',
      read.countersignatures.length > 0
        ? 'The package has a counter-signature of a repository already, and NuGet takes one. Sign the package without it.'
        : `The package has a signature of the type ${read.type}, and that of a repository can only be added to one of an author. Sign the package without it.`,
    )
  const [primary] = existing
  if (primary?.kind === 'signature' && primary.integrity !== 'intact')
    throw new SigningError(
      'NUGET_EXISTING_SIGNATURE_INVALID',
      `A repository cannot sign a package whose author's signature, that of ${primary.signer ?? 'an unknown signer'}, is not valid: ${primary.integrity === 'fileChanged' ? 'the package was changed after it was signed' : "its certificate's key did not make it, or its algorithm is not known"}.`,
    )
}
