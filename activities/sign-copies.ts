import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { ArtifactStore, PlannedCopy } from '../artifacts/index.ts'
import type { SignedFile, SigningPlan, UsableCertificate } from '../domain/index.ts'
import type { FilePasses } from '../signing/file-passes/index.ts'
import type { HashSigningKey, SigningKey } from '../signing/signing-key.ts'
import type { TimestampClient } from '../signing/timestamp/index.ts'
import { checkSignedFile } from './check-signed-file.ts'
import type { LongWork } from './heartbeat.ts'
import { chainOf } from './signing-key.ts'

/** What an attempt to sign works with. */
export type SigningTools = {
  readonly plan: SigningPlan
  readonly certificate: UsableCertificate
  /** Asks the log before each use whether the attempt is still authorised. */
  readonly key: SigningKey & HashSigningKey
  /** `undefined` when the policy asks for no time-stamp. */
  readonly timestamps: TimestampClient | undefined
  /** Fails when what the attempt rests on was withdrawn. */
  readonly stillAuthorised: () => Promise<void>
}

type Dependencies = {
  /** The signer's own, for as long as the attempt lasts. */
  readonly folder: string
  readonly store: Pick<ArtifactStore, 'copyIn'>
  readonly passes: FilePasses
  /** DER certificates that time-stamps must lead to; `undefined`: any authority is taken. */
  readonly trustedTimestampCertificates: readonly Uint8Array[] | undefined
  readonly now: () => string
}

/** Signs the signer's copies of planned files, verifies each, and then has the store take it. */
export async function* signCopies(
  dependencies: Dependencies,
  copies: readonly PlannedCopy[],
  tools: SigningTools & LongWork,
): AsyncGenerator<SignedFile, void, undefined> {
  for (const each of copies) yield await signCopy(dependencies, { ...each, ...tools })
}

async function signCopy(dependencies: Dependencies, work: PlannedCopy & SigningTools & LongWork): Promise<SignedFile> {
  const { folder, store, passes, trustedTimestampCertificates, now } = dependencies
  const {
    node,
    planned,
    copy,
    plan,
    certificate,
    key,
    timestamps,
    stillAuthorised,
    signal,
    progress: onProgress,
  } = work
  const certificateChain = chainOf(certificate.issued)
  const { format } = copy
  const options = { passes, signal, onProgress }
  const spoolPath = () => join(folder, randomUUID())
  const means = { key, certificateChain, timestamps }
  const written = await format.sign(copy, planned.directives, means, { ...options, spoolPath })
  const handle = written ?? copy.handle
  try {
    const { path, sha256: unsignedSha256, existingSignatures, directives } = planned
    const signatures = await checkSignedFile(
      { format, handle, fileName: path.at(-1) ?? '' },
      { plan, directives, existingSignatures, certificateChain, trustedTimestampCertificates, at: new Date(now()) },
      options,
    )
    await stillAuthorised()
    const { sha256: signedSha256, size: signedSize } = await store.copyIn(handle, { passes, signal, onProgress })
    return { node, path, unsignedSha256, signedSha256, signedSize, signatures }
  } finally {
    await written?.close()
  }
}
