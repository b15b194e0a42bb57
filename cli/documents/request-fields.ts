/** Where a request stands, in short, as the service names it. */
export type RequestStatus = 'InProgress' | 'WaitingForApproval' | 'Completed' | 'Failed' | 'Denied' | 'Canceled'

/** The values of {@link RequestStatus}, for options. */
export const requestStatuses: readonly RequestStatus[] = [
  'InProgress',
  'WaitingForApproval',
  'Completed',
  'Failed',
  'Denied',
  'Canceled',
]

/** What is done with a file that is signed already, as the service names it. */
export type ExistingSignatureTreatment = 'replace' | 'append' | 'refuse'

/** The values of {@link ExistingSignatureTreatment}, for options. */
export const existingSignatureTreatments: readonly ExistingSignatureTreatment[] = ['replace', 'append', 'refuse']

/** A person or a CI user; `null` where the reader may not know. */
export type NamedUser = { readonly userId: string; readonly name: string } | null

/** Who is named somewhere: a user or a group, and null in place of the other; both are null when it is not known. */
export type NamedPrincipal = {
  readonly user: NamedUser
  readonly group: { readonly groupId: string; readonly name: string } | null
}

/** The fields of {@link NamedPrincipal}. */
export const principalFields = 'user { userId name } group { groupId name }'

/** A file in the artifact store. Size in bytes, SHA-256 hexadecimal. */
export type StoredFile = { readonly fileName: string; readonly sha256: string; readonly size: number }

/** Where the artifact comes from, and what the submission said of it. */
export type ArtifactSource = {
  readonly kind: string
  readonly fileName: string | null
  readonly sha256: string | null
  readonly size: number | null
  readonly details: readonly { readonly name: string; readonly value: string }[]
}

/** What lists show of a request. */
export type RequestSummary = {
  readonly signingRequestId: string
  readonly status: RequestStatus
  readonly workflowStatus: string
  readonly isFinalStatus: boolean
  readonly project: { readonly slug: string } | null
  readonly signingPolicy: { readonly slug: string } | null
  readonly submitter: NamedUser
  readonly submittedAt: string
  readonly finishedAt: string | null
  readonly description: string | null
  readonly source: ArtifactSource
  /** `null` until it was retrieved. */
  readonly artifact: StoredFile | null
  readonly missingApprovals: number
}

/** The fields of {@link RequestSummary}. */
export const requestSummary = `fragment RequestSummary on SigningRequest {
  signingRequestId status workflowStatus isFinalStatus submittedAt finishedAt description missingApprovals
  project { slug }
  signingPolicy { slug }
  submitter { userId name }
  source { kind fileName sha256 size details { name value } }
  artifact { fileName sha256 size }
}`

/** A file that carries its signatures. */
export type SignedFile = {
  /** Names from the artifact inwards. */
  readonly path: readonly string[]
  readonly unsignedSha256: string
  readonly signedSha256: string
  readonly signedSize: number
  readonly signatures: readonly {
    readonly directive: string
    readonly timestamp: {
      readonly time: string
      readonly authority: string
      /** What the authority sent along that nothing signed covers. */
      readonly uncovered: readonly string[]
    } | null
  }[]
}

/** What came of verifying the origin of an artifact. */
export type RequestOrigin = {
  readonly kind: string
  readonly proof: string | null
  readonly verified: {
    readonly repositoryUrl: string
    readonly refKind: string
    readonly refName: string
    readonly commitId: string
    readonly build: { readonly buildId: string; readonly url: string | null; readonly trigger: string | null }
    readonly actors: readonly {
      readonly role: string
      readonly system: string
      readonly actorId: string
      readonly name: string | null
    }[]
  } | null
  readonly checks: readonly {
    readonly name: string
    readonly outcome: 'passed' | 'failed' | 'logged'
    readonly code: string | null
    readonly message: string | null
  }[]
  readonly evidence: readonly (StoredFile & {
    readonly name: string
    readonly mediaType: string
    /** Where it can be downloaded. */
    readonly link: string
  })[]
}

/** Everything about a request that is not in its time line or its plan's document. */
export type RequestDetails = RequestSummary & {
  readonly signingPolicyVersion: number
  readonly certificate: {
    readonly certificateId: string
    readonly name: string
    readonly subject: string | null
    readonly thumbprint: string | null
  } | null
  readonly programDescription: string | null
  readonly programUrl: string | null
  readonly timestamp: 'required' | 'none'
  /** The trusted build system that vouched for the submission; null when none did. */
  readonly vouchedBy: {
    readonly trustedBuildSystemId: string
    /** Null where the reader may not know it. */
    readonly trustedBuildSystem: { readonly slug: string; readonly name: string } | null
    /** How it proved who it is; `link`: it is only asked about the build. */
    readonly method: 'token' | 'identityToken' | 'link' | 'unknown'
    /** The build node behind its proxy; null where there was none. */
    readonly node: { readonly subject: string } | null
  } | null
  /** The service cancels it when it is not final by then; `null`: never. */
  readonly cancelAt: string | null
  /** Which version of the product it is, as its submitter says it. */
  readonly version: string | null
  readonly existingSignatures: ExistingSignatureTreatment
  /** Which build it comes from, as the submission said; null when it said none. */
  readonly build: { readonly fields: Readonly<Record<string, unknown>>; readonly secretNames: readonly string[] } | null
  /** What is demanded of the artifact's origin; null where it is not verified. */
  readonly demandedOrigin: {
    readonly repositoryUrl: string
    readonly allowedBranches: readonly string[]
    readonly sourceSummary: { readonly level: number } | null
  } | null
  /** What came of verifying it; null until then. */
  readonly origin: RequestOrigin | null
  /** What was written into the package about its build; null until then, and where nothing is. */
  readonly addedBuildData: {
    readonly builtArtifact: StoredFile
    readonly repositoryUrl: string
    readonly commitId: string
    readonly settingsFileName: string
  } | null
  /** Whether the policy also signs hashes of what nobody of the service has seen. */
  readonly hashSigningAllowed: boolean | null
  readonly plan: {
    readonly digest: string
    readonly plannerVersion: number
    readonly fileCount: number
    readonly nodeCount: number
    readonly plannedAt: string | null
    readonly approvalDeadline: string | null
  } | null
  readonly approvalProcess: {
    readonly requiredApprovals: number
    readonly submitterMayApprove: boolean
    readonly approvers: readonly NamedPrincipal[]
  } | null
  readonly approvals: readonly {
    readonly approver: NamedUser
    readonly through: readonly NamedPrincipal[]
    readonly planDigest: string
    readonly comment: string | null
    readonly approvedAt: string
    /** Null: approved by hand. */
    readonly grant: { readonly grantId: string } | null
    readonly counts: boolean
  }[]
  readonly denial: {
    readonly kind: 'denied' | 'expired'
    readonly approver: NamedUser
    readonly comment: string | null
    readonly deadline: string | null
    readonly deniedAt: string
  } | null
  readonly cancellation: {
    readonly canceledBy: NamedUser
    readonly reason: string | null
    readonly canceledAt: string
  } | null
  readonly failure: {
    readonly code: string
    readonly message: string
    readonly path: readonly string[] | null
    readonly remedy: string | null
    readonly failedAt: string
  } | null
  readonly waitingFor: {
    readonly code: string
    readonly message: string
    readonly path: readonly string[] | null
    readonly remedy: string | null
    readonly since: string
    readonly nextTryAt: string | null
  } | null
  readonly attempts: readonly {
    readonly attempt: number
    readonly startedAt: string
    readonly certificateThumbprint: string
  }[]
  readonly manifest: {
    readonly digest: string
    readonly fileCount: number
    /** The first of them; `null` when the service cannot read them now. */
    readonly files: { readonly nodes: readonly SignedFile[] } | null
  } | null
  /** The request whose artifact it takes again. */
  readonly resubmittedFrom: { readonly signingRequestId: string } | null
  /** The first of the requests that took its artifact again. */
  readonly resubmissions: { readonly nodes: readonly { readonly signingRequestId: string }[] }
  readonly signedArtifact: StoredFile | null
  /** Where it comes from, as a signed statement. */
  readonly provenance: {
    readonly envelope: StoredFile
    readonly envelopeLink: string
    readonly bundle: StoredFile
    readonly bundleLink: string
  } | null
  readonly unsignedArtifactLink: string
  readonly signedArtifactLink: string | null
}

/** The fields of {@link RequestDetails}; goes with {@link requestSummary}. */
export const requestDetails = `fragment RequestDetails on SigningRequest {
  ...RequestSummary
  signingPolicyVersion cancelAt version programDescription programUrl timestamp existingSignatures hashSigningAllowed
  build { fields secretNames }
  demandedOrigin { repositoryUrl allowedBranches sourceSummary { level } }
  origin {
    kind proof
    verified { repositoryUrl refKind refName commitId build { buildId url trigger } actors { role system actorId name } }
    checks { name outcome code message }
    evidence { name mediaType fileName sha256 size link }
  }
  addedBuildData { builtArtifact { fileName sha256 size } repositoryUrl commitId settingsFileName }
  vouchedBy { trustedBuildSystemId trustedBuildSystem { slug name } method node { subject } }
  certificate { certificateId name subject thumbprint }
  plan { digest plannerVersion fileCount nodeCount plannedAt approvalDeadline }
  approvalProcess { requiredApprovals submitterMayApprove approvers { ${principalFields} } }
  approvals { approver { userId name } through { ${principalFields} } planDigest comment approvedAt grant { grantId } counts }
  denial { kind approver { userId name } comment deadline deniedAt }
  cancellation { canceledBy { userId name } reason canceledAt }
  failure { code message path remedy failedAt }
  waitingFor { code message path remedy since nextTryAt }
  attempts { attempt startedAt certificateThumbprint }
  manifest {
    digest fileCount
    files(first: 20) {
      nodes { path unsignedSha256 signedSha256 signedSize signatures { directive timestamp { time authority uncovered } } }
    }
  }
  resubmittedFrom { signingRequestId }
  resubmissions(first: 20) { nodes { signingRequestId } }
  signedArtifact { fileName sha256 size }
  provenance {
    envelope { fileName sha256 size } envelopeLink
    bundle { fileName sha256 size } bundleLink
  }
  unsignedArtifactLink signedArtifactLink
}`
