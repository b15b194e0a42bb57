import { isDeepStrictEqual } from 'node:util'
import type { Sha256Digest } from '../domain/index.ts'
import { readBundle } from './bundle.ts'
import { readEnvelope } from './envelope.ts'
import { provenanceType } from './provenance.ts'
import { readStatement } from './statement.ts'
import { StatementError } from './statement-error.ts'
import { verifyReadEnvelope } from './verify-envelope.ts'

/** What provenance must say. */
export type ExpectedProvenance = {
  /** Of the signed artifact. */
  readonly signedSha256: Sha256Digest
  readonly commitId: string
  /** As it was verified. */
  readonly repositoryUrl: string
  /** Of the key that signed it, DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
}

/**
 * Verifies provenance before it leaves (law 7), by its documents alone: envelope and bundle hold the same, the key has signed it,
 * it is about the signed artifact, and it names repository and commit.
 *
 * @throws StatementError `STATEMENT_…`, as what reads and verifies envelopes and bundles; `STATEMENT_SUBJECT_MISMATCH`,
 *   `STATEMENT_REPOSITORY_MISMATCH`
 */
export function verifyProvenance(
  documents: { readonly envelope: Uint8Array; readonly bundle: Uint8Array },
  { signedSha256, commitId, repositoryUrl, publicKey }: ExpectedProvenance,
): void {
  const envelope = readEnvelope(documents.envelope)
  if (!isDeepStrictEqual(readBundle(documents.bundle), envelope))
    throw new StatementError('STATEMENT_BUNDLE_MALFORMED', 'The bundle does not hold the envelope.')
  const { payload } = verifyReadEnvelope(envelope, { keys: [publicKey] })
  const { subject, predicate } = readStatement(payload, provenanceType)
  if (!subject.some(({ digest }) => digest.sha256 === signedSha256))
    throw new StatementError('STATEMENT_SUBJECT_MISMATCH', `The provenance is not about ${signedSha256}.`)
  const definition = predicate.buildDefinition as
    | {
        readonly externalParameters?: { readonly source?: { readonly repository?: unknown } }
        readonly resolvedDependencies?: readonly { readonly digest?: { readonly gitCommit?: unknown } }[]
      }
    | undefined
  if (!definition?.resolvedDependencies?.some(({ digest }) => digest?.gitCommit === commitId))
    throw new StatementError('STATEMENT_SUBJECT_MISMATCH', `The provenance does not name the commit ${commitId}.`)
  if (definition.externalParameters?.source?.repository !== repositoryUrl)
    throw new StatementError('STATEMENT_REPOSITORY_MISMATCH', `The provenance does not name ${repositoryUrl}.`)
}
