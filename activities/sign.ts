import {
  type ArtifactStore,
  type ComposedPlan,
  planHashesAgain,
  planOnCopies,
  planTreeOnCopies,
  type SignerScratch,
  signerSpools,
  storeManifest,
  type TreePlanning,
} from '../artifacts/index.ts'
import {
  type Artifact,
  type DomainEvent,
  hashesOf,
  Refusal,
  retrieved,
  type SignedFile,
  type SigningManifest,
  type UsableKey,
} from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { FilePasses } from '../signing/file-passes/index.ts'
import type { KeyStores } from '../signing/pkcs11/index.ts'
import type { SignatureFormat } from '../signing/signature-format.ts'
import type { TimestampClient } from '../signing/timestamp/index.ts'
import { mostProvenanceFiles } from '../statements/index.ts'
import { type Authorised, authoriseSigning, renewAttempt, renewAuthorisation } from './authorise-signing.ts'
import { checkBuildData } from './build-data.ts'
import type { NewerEvents, RequestStep } from './contract.ts'
import type { LastRevisions } from './grounds.ts'
import type { LongWork } from './heartbeat.ts'
import { signingFacts, submittedAt } from './plan-signing.ts'
import { eventsFromRevision } from './request-step.ts'
import { type SigningTools, signCopies } from './sign-copies.ts'
import { signHashDocument } from './sign-hash-document.ts'
import { signProvenance } from './sign-provenance.ts'
import { signTreeCopies } from './sign-tree.ts'
import { requestStream } from './signer-stream.ts'
import { storedKey } from './signing-key.ts'
import { requireSourceSummary } from './source-summary.ts'

/** What the signer works with. */
export type SignerDependencies = {
  /** What is read in it a process of the service wrote. */
  readonly log: EventLog
  /** Where streams of the same log end now, asked without reading them. */
  readonly lastRevisions: LastRevisions
  readonly store: ArtifactStore
  readonly keyStores: Pick<KeyStores, 'open'>
  /** `undefined` when no time-stamp authority is configured. */
  readonly timestamps: TimestampClient | undefined
  /** DER certificates that time-stamps must lead to; `undefined`: any authority is taken. */
  readonly trustedTimestampCertificates: readonly Uint8Array[] | undefined
  /** Where files are copied to and signed: the signer's own, outside of the store. */
  readonly scratch: SignerScratch
  /** What reads files, off the event loop. */
  readonly passes: FilePasses
  /** What can be signed. What their sign side makes is not believed: their verify side reads it again. */
  readonly formats: readonly SignatureFormat[]
  /** What is done with what is in artifacts. */
  readonly trees: TreePlanning
  readonly now: () => string
}

/**
 * Signs a request. It believes nothing but the log and what it has read itself:
 *
 * 1. The log is asked whether the request may be signed at all, before anything is read for it. Where the policy demands a
 *    verification summary of the source, what came with the artifact is judged again.
 * 2. A package with the data of its build is made again, and must be the one that the log says. The artifact is copied, once, into a
 *    folder of the signer's own; the plan is made from what was copied.
 * 3. The log is asked again, since reading may have taken minutes, the plan must be the approved one, and `SigningStarted`
 *    is appended.
 * 4. The copy is signed in its place; of a request to sign hashes, which stand in the log, there is none. Whenever nothing else stands between the digest and the key, the log is asked whether
 *    anything was added to what the authorisation rests on.
 * 5. What was made is verified, and thrown away when it is not as planned, or was withdrawn meanwhile. Only then the store
 *    gets it, and the manifest of all that was signed.
 * 6. Where the origin was verified, the same key, or the organization's for statements, signs the provenance of what was signed, which is verified and stored. Then
 *    `FilesSigned`, `ProvenanceSigned` and `SigningRequestCompleted` are appended, all at once.
 *
 * @throws Refusal as `authoriseSigning`, and `PLAN_DIGEST_MISMATCH`, `PLAN_NOT_SUPPORTED`, `KEY_NOT_IN_STORE`, `KEY_MISMATCH`,
 *   `TIMESTAMP_NOT_CONFIGURED`, `SIGNATURE_NOT_AS_PLANNED`, `PROVENANCE_INVALID`
 * @throws ArtifactError `PLANNER_VERSION_UNSUPPORTED` when this release cannot make the plan again, and others
 * @throws SigningError, EventLogError
 */
export async function sign(
  dependencies: SignerDependencies,
  { signingRequestId, fromRevision }: RequestStep,
  work: LongWork,
): Promise<NewerEvents> {
  const { store, scratch, passes, formats, trees } = dependencies
  const asked = await authoriseSigning(dependencies, signingRequestId)
  if (asked.kind === 'completed') return { events: eventsFromRevision(asked.events, fromRevision) }
  const first: Authorised = asked
  const [submission] = asked.events
  if (submission !== undefined) await requireSourceSummary(store, asked.request, submission.metadata.occurredAt)
  const { request, plannerVersion, certificate, key, settings } = first
  const signer = signingFacts(certificate, key, settings)
  const { signal, progress: onProgress } = work
  const facts = { request: retrieved(request), ...signer }
  const hashes = hashesOf(request.source)
  await checkBuildData(store, request, work)

  async function signPlanned(planned: PlannedWork): Promise<NewerEvents> {
    const authorisation = await renewAuthorisation(dependencies, first)
    const seen = eventsFromRevision(authorisation.events, fromRevision)
    if (authorisation.kind === 'completed') return { events: seen }
    return { events: [...seen, ...(await attempt(dependencies, authorisation, planned))] }
  }

  return scratch.withFolder((folder) => {
    const again = { folder, plannerVersion }
    if (hashes !== undefined)
      return planHashesAgain(facts, hashes, again, (composed, planned) =>
        signPlanned({
          composed,
          folder,
          signFiles: (tools) => signHashDocument({ store, passes }, { hashes, planned, ...tools }),
        }),
      )
    const { artifactConfiguration: configuration } = request
    if (configuration !== undefined)
      return planTreeOnCopies(
        {
          ...facts,
          ...trees,
          configuration,
          at: submittedAt(asked.events),
          formats,
          store,
          passes,
          signal,
          onProgress,
        },
        again,
        (composed, tree) =>
          signPlanned({
            composed,
            folder,
            signFiles: (tools) => signTreeCopies({ ...dependencies, folder }, tree, { ...work, ...tools }),
          }),
      )
    return planOnCopies({ ...facts, formats, store, passes, signal, onProgress }, again, (composed, copies) =>
      signPlanned({
        composed,
        folder,
        signFiles: (tools) => signCopies({ ...dependencies, folder }, copies, { ...work, ...tools }),
      }),
    )
  })
}

/** What a signer has planned again, and how it is signed. */
type PlannedWork = {
  readonly composed: ComposedPlan
  /** The signer's own, for as long as the attempt lasts. */
  readonly folder: string
  /** Signs the files of the plan, in its order, and gives each when it is verified and in the store. */
  readonly signFiles: (tools: SigningTools) => AsyncIterable<SignedFile>
}

/** Makes one attempt to sign what was planned; answers with the events that it appended. */
async function attempt(
  dependencies: SignerDependencies,
  authorisation: Authorised,
  { composed, folder, signFiles }: PlannedWork,
): Promise<readonly DomainEvent[]> {
  const { request, certificate, key: keyOfCertificate, statementKey } = authorisation
  const { facts: plan, digest: planDigest } = composed
  const timestamps = plan.timestamp === 'required' ? dependencies.timestamps : undefined
  if (plan.timestamp === 'required' && timestamps === undefined)
    throw new Refusal('TIMESTAMP_NOT_CONFIGURED', 'The policy demands a time-stamp and no authority is configured.')

  const stream = requestStream(dependencies, request)
  const start = {
    type: 'StartSigning',
    planDigest,
    certificateId: certificate.certificateId,
    certificateThumbprint: certificate.issued.thumbprint,
    keyId: keyOfCertificate.keyId,
    ...(statementKey !== null && { statementKeyId: statementKey.keyId }),
  } as const
  const started = await stream.append(start, authorisation)
  let standing = started.authorised
  const attempt = standing.request.attempts
  const stillAuthorised = async () => {
    standing = await renewAttempt(dependencies, standing, attempt)
    if (standing.statementKey?.keyId !== statementKey?.keyId)
      throw new Refusal('STATEMENT_KEY_CHANGED', 'Statements are signed by another key since signing was started.')
  }
  const opened = async (wanted: UsableKey): Promise<SigningTools['key']> => {
    const found = await storedKey(dependencies.keyStores, wanted)
    return {
      algorithm: found.algorithm,
      publicKey: found.publicKey,
      sign: (hash, digest) => found.sign(hash, digest, stillAuthorised),
      signHashes: (mechanism, digests, { signed } = {}) =>
        found.signHashes(mechanism, digests, { before: stillAuthorised, ...(signed && { signed }) }),
    }
  }
  const key = await opened(keyOfCertificate)

  const { fileName } = retrieved(request).artifact
  let signedArtifact: Artifact | undefined
  const files: SignedFile[] = []
  async function* signed() {
    for await (const file of signFiles({ plan, certificate, key, timestamps, stillAuthorised })) {
      if (file.node === 0) signedArtifact = artifactOf(fileName, file)
      if (file.node === 0 || files.length <= mostProvenanceFiles) files.push(file)
      yield file
    }
  }
  function describeManifest(): SigningManifest {
    if (signedArtifact === undefined)
      throw new Refusal('PLAN_EMPTY', 'The plan does not say what the artifact becomes.')
    const { signingRequestId } = request
    const { certificateThumbprint } = plan
    return {
      kind: 'signingManifest',
      schemaVersion: 1,
      signingRequestId,
      attempt,
      planDigest,
      certificateThumbprint,
      signedArtifact,
    }
  }
  const stored = await storeManifest(dependencies.store, describeManifest, signed(), signerSpools(folder))
  const stating =
    statementKey === null
      ? { key, keyId: keyOfCertificate.keyId }
      : { key: await opened(statementKey), keyId: statementKey.keyId }
  const provenance = await signProvenance(dependencies.store, { request, manifest: stored, files, ...stating })
  await stillAuthorised()
  const completed = await stream.append(
    {
      type: 'RecordSigned',
      attempt,
      manifestDigest: stored.digest,
      manifestDocument: stored.document,
      fileCount: stored.fileCount,
      files: stored.files,
      signedArtifact: stored.manifest.signedArtifact,
      ...(provenance && { provenance }),
    },
    standing,
  )
  return [...started.events, ...completed.events]
}

function artifactOf(fileName: string, { signedSha256: sha256, signedSize: size }: SignedFile): Artifact {
  return { fileName, sha256, size }
}
