import { open } from 'node:fs/promises'
import {
  type ArtifactStore,
  changes,
  type FileToCheck,
  numbered,
  signTree,
  type TreeNode,
  type TreePlanning,
  verifyTree,
} from '../artifacts/index.ts'
import { type MadeSignature, Refusal, type SignedFile } from '../domain/index.ts'
import type { FilePasses } from '../signing/file-passes/index.ts'
import { checkDetachedSignature, checkSignedFile } from './check-signed-file.ts'
import type { LongWork } from './heartbeat.ts'
import type { SigningTools } from './sign-copies.ts'
import { chainOf, openPgpCertificateOf } from './signing-key.ts'

type Dependencies = {
  /** The signer's own, for as long as the attempt lasts. */
  readonly folder: string
  readonly store: Pick<ArtifactStore, 'copyIn'>
  readonly passes: FilePasses
  /** DER certificates that time-stamps must lead to; `undefined`: any authority is taken. */
  readonly trustedTimestampCertificates: readonly Uint8Array[] | undefined
  readonly trees: TreePlanning
  readonly now: () => string
}

/** How many files are signed at once. Calls of a token are shared out over its sessions, and files wait for time-stamps meanwhile. */
const filesAtOnce = 8

/**
 * Signs the signer's copies of what a plan names inside of an artifact, verifies all of it in the artifact that was put together, and then
 * has the store take that.
 *
 * @returns every file that was signed or put together again, in the order of the plan
 */
export async function* signTreeCopies(
  dependencies: Dependencies,
  root: TreeNode,
  tools: SigningTools & LongWork,
): AsyncGenerator<SignedFile, void, undefined> {
  const { folder, store, passes, trees, trustedTimestampCertificates, now } = dependencies
  const { plan, certificate, key, timestamps, stillAuthorised, signal, progress: onProgress } = tools
  const certificateChain = chainOf(certificate.issued)
  const openPgpCertificate = openPgpCertificateOf(certificate.issued)
  const options = { passes, signal, onProgress }
  const signer = {
    ...{ folder, ...trees, ...options, atOnce: filesAtOnce },
    means: { key, certificateChain, openPgpCertificate, timestamps, now: () => new Date(now()) },
  }
  // 1. From the inside out.
  const made = await signTree(signer, root)
  const artifact = made.get(root)
  if (artifact === undefined)
    throw new Refusal('PLAN_EMPTY', 'The plan names nothing that is signed: no file of the artifact changes.')
  // 2. From the outside in.
  const promise = { plan, certificateChain, openPgpCertificate, trustedTimestampCertificates, at: new Date(now()) }
  const check = ({ node, directives, file, signatures }: FileToCheck): Promise<readonly MadeSignature[]> => {
    const { content, format } = node
    if (signatures.length > 0)
      return checkDetachedSignature(trees.detached, file, signatures, { ...promise, directives }, options)
    if (format === undefined) throw new Error(`${content.path.join('/')} was signed, and has no format.`)
    const { existingSignatures } = content
    const { handle, name: fileName } = file
    return checkSignedFile({ format, handle, fileName }, { ...promise, directives, existingSignatures }, options)
  }
  const verified = await verifyTree(signer, root, made, check)
  await stillAuthorised()
  // 3. What leaves is what was verified.
  const handle = await open(artifact.path, 'r')
  try {
    const { sha256 } = await store.copyIn(handle, options)
    if (sha256 !== verified.get(root)?.sha256)
      throw new Refusal('SIGNATURE_NOT_AS_PLANNED', 'The artifact is not the one that was verified.', {
        promise: 'the artifact',
      })
  } finally {
    await handle.close()
  }
  for (const [node, place] of numbered(root)) {
    const file = verified.get(node)
    if (file === undefined || !changes(node)) continue
    const { path, sha256: unsignedSha256 } = node.content
    const { sha256: signedSha256, size: signedSize, signatures, outputs } = file
    yield {
      ...{ node: place, path, unsignedSha256, signedSha256, signedSize, signatures },
      ...(outputs.length > 0 && { outputs }),
    }
  }
}
