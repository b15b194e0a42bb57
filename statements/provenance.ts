import type {
  CertificateId,
  OrganizationId,
  OriginEvidence,
  OriginProof,
  ProjectId,
  Sha256Digest,
  SigningPolicyId,
  SigningRequestId,
  TrustedBuildSystemId,
  VerifiedOrigin,
} from '../domain/index.ts'
import { type Statement, type Subject, statementType } from './statement.ts'

/** The predicate type of SLSA provenance, version 1. */
export const provenanceType = 'https://slsa.dev/provenance/v1'

/** What the parameters of our provenance mean: docs/provenance.md describes them under this name. */
export const provenanceBuildType = 'https://countersign.invalid/build-types/signed-build/v1'

/** A file before and after it was signed. */
export type ProvenanceFile = {
  /** Names from the artifact inwards, the artifact's own first. */
  readonly path: readonly string[]
  readonly unsignedSha256: Sha256Digest
  readonly signedSha256: Sha256Digest
}

/** What provenance is made from: facts of the log, and the digests of what was just signed. */
export type ProvenanceFacts = {
  readonly origin: VerifiedOrigin
  /** By what the origin was verified. */
  readonly proof: OriginProof
  readonly trustedBuildSystem: { readonly id: TrustedBuildSystemId; readonly kind: string }
  /** Answers of the build system, which the service keeps. */
  readonly evidence: readonly OriginEvidence[]
  readonly signing: {
    readonly signingRequestId: SigningRequestId
    readonly organizationId: OrganizationId
    readonly projectId: ProjectId
    readonly signingPolicyId: SigningPolicyId
    readonly signingPolicyVersion: number
    readonly certificateId: CertificateId
    /** SHA-256 of the DER certificate, hexadecimal. */
    readonly certificateThumbprint: string
    readonly planDigest: Sha256Digest
    readonly attempt: number
  }
  /** The artifact itself, and the files in it that were signed: all of them, or more than {@link mostProvenanceFiles}. */
  readonly files: readonly ProvenanceFile[]
  /** The artifact as its build made it, where the service wrote the data of the build into it before it was signed. */
  readonly builtSha256?: Sha256Digest
  /** The document that names every signed file. */
  readonly manifest: { readonly sha256: Sha256Digest }
}

/**
 * How many files provenance names one by one, two subjects each: readers take no statement with more than 1,024. Of more files it
 * names the artifact alone, and the manifest that has them all.
 */
export const mostProvenanceFiles = 500

/**
 * The provenance of what was signed (SLSA provenance v1 in an in-toto statement): which source it was built from, by which build
 * system, how, and its digests before and after it was signed. Pure: the same facts give the same statement. It names no people.
 */
export function provenanceStatement(facts: ProvenanceFacts): Statement {
  const { origin, trustedBuildSystem, evidence, manifest, proof, signing, builtSha256 } = facts
  const { repository, build, commitId } = origin
  const ref = `refs/${origin.ref.kind === 'branch' ? 'heads' : 'tags'}/${origin.ref.name}`
  return {
    _type: statementType,
    subject: subjectsOf(facts),
    predicateType: provenanceType,
    predicate: {
      buildDefinition: {
        buildType: provenanceBuildType,
        externalParameters: {
          source: { repository: repository.url, ref },
          ...present({
            definition: build.definition,
            calledDefinition: build.calledDefinition,
            trigger: build.trigger,
          }),
        },
        internalParameters: {
          trustedBuildSystem,
          proof,
          source: present({ repositoryId: repository.id, repositoryOwnerId: repository.ownerId }),
          build: { id: build.id, runners: build.runners, ...present({ url: build.url, attempt: build.attempt }) },
          signing,
        },
        resolvedDependencies: [{ uri: `${gitUri(repository.url)}@${ref}`, digest: { gitCommit: commitId } }],
      },
      runDetails: {
        builder: { id: builderId(trustedBuildSystem.id) },
        metadata: { invocationId: build.url ?? build.id },
        byproducts: [
          { name: 'signing-manifest', digest: { sha256: manifest.sha256 } },
          ...(builtSha256 === undefined ? [] : [{ name: 'artifact-as-built', digest: { sha256: builtSha256 } }]),
          ...evidence.map(({ name, mediaType, sha256 }) => ({ name, mediaType, digest: { sha256 } })),
        ],
      },
    },
  }
}

/** Names a trusted build system as a builder (SLSA: whoever is trusted that the build was as the provenance says). */
export function builderId(trustedBuildSystemId: TrustedBuildSystemId): string {
  return `urn:uuid:${trustedBuildSystemId}`
}

/** A repository as SPDX and SLSA write it: `git+https://…`. What SSH clients write as `git@host:path` becomes a URL. */
function gitUri(url: string): string {
  const short = /^(?<user>[^/@:]+@)?(?<host>[^/:@]+):(?!\/\/)(?<path>.+)$/.exec(url)?.groups
  return short === undefined
    ? `git+${url}`
    : `git+ssh://${short.user ?? ''}${short.host}/${short.path?.replace(/^\//, '') ?? ''}`
}

function subjectsOf({ files }: ProvenanceFacts): readonly Subject[] {
  const artifact = files.filter(({ path }) => path.length === 1)
  const named =
    files.length > mostProvenanceFiles ? artifact : [...artifact, ...files.filter(({ path }) => path.length > 1)]
  return named.flatMap(({ path, signedSha256, unsignedSha256 }) => {
    const name = path.join('/')
    return [
      { name, digest: { sha256: signedSha256 }, annotations: { signing: 'after' } },
      { name, digest: { sha256: unsignedSha256 }, annotations: { signing: 'before' } },
    ]
  })
}

/** What is known of these. */
function present(members: Readonly<Record<string, string | number | null>>): Readonly<Record<string, string | number>> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (value === null ? [] : [[name, value] as const])),
  )
}
