import { earlierRequestOf, isFinalStatus, isUploadAwaited, knownArtifact, requestStatus } from '../domain/index.ts'
import { numberedPage, parsePageRequest } from '../projections/index.ts'
import { VoucherRef } from './actor.ts'
import { ArtifactRef } from './artifact.ts'
import { PlannedConfigurationRef } from './artifact-configuration.ts'
import { ClaimedOriginRef } from './claimed-origin.ts'
import { asConnection } from './connection.ts'
import { EntityRef } from './entity.ts'
import { ExistingSignatureTreatmentRef, RequestStatusRef, TimestampRequirementRef, WorkflowStatusRef } from './enums.ts'
import { artifactLink } from './links.ts'
import { CertificateRef, ProjectRef, SigningPolicyRef, SigningRequestRef, UserRef } from './refs.ts'
import { ApprovalRef, CancellationRef, DenialRef } from './request-decisions.ts'
import { AddedBuildDataRef, DemandedOriginRef, RequestOriginRef } from './request-origin.ts'
import { ArtifactSourceRef, FailureRef, SigningAttemptRef, WaitingReasonRef } from './request-parts.ts'
import { SigningManifestRef } from './signing-manifest.ts'
import { SigningPlanRef } from './signing-plan.ts'
import { ApprovalProcessRef } from './signing-policy.ts'
import { SigningProvenanceRef, signingProvenanceOf } from './signing-provenance.ts'
import { BuildReferenceRef } from './submitted-build.ts'

SigningRequestRef.implement({
  description: 'An artifact on its way from submission through approval to a signature.',
  interfaces: [EntityRef],
  fields: (t) => ({
    signingRequestId: t.exposeID('signingRequestId', { description: 'UUID.' }),
    status: t.field({ type: RequestStatusRef, resolve: ({ workflowStatus }) => requestStatus(workflowStatus) }),
    workflowStatus: t.expose('workflowStatus', { type: WorkflowStatusRef }),
    isFinalStatus: t.boolean({
      description: 'Whether nothing can happen to it any more.',
      resolve: ({ workflowStatus }) => isFinalStatus(workflowStatus),
    }),
    project: t.field({ type: ProjectRef, nullable: true, resolve: ({ projectId }) => projectId }),
    signingPolicy: t.field({
      type: SigningPolicyRef,
      nullable: true,
      resolve: ({ signingPolicyId }) => signingPolicyId,
    }),
    signingPolicyVersion: t.exposeInt('signingPolicyVersion', {
      description: 'The version in force at submission: it decides who may approve and how many must.',
    }),
    certificate: t.field({ type: CertificateRef, nullable: true, resolve: ({ certificateId }) => certificateId }),
    submitter: t.field({ type: UserRef, nullable: true, resolve: ({ submitter }) => submitter }),
    vouchedBy: t.expose('vouchedBy', {
      type: VoucherRef,
      nullable: true,
      description: 'The trusted build system that vouched for the submission. Null when none did.',
    }),
    submittedAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it reached its final status.',
    }),
    description: t.exposeString('description', { nullable: true }),
    version: t.string({
      nullable: true,
      description: 'Which version of the product it is, as its submitter says it.',
      resolve: ({ version }) => version ?? null,
    }),
    claimedOrigin: t.field({
      type: ClaimedOriginRef,
      nullable: true,
      description:
        'What the trusted build system says of the origin that vouched for the submission. Nobody has checked it.',
      resolve: ({ claimedOrigin }) => claimedOrigin ?? null,
    }),
    build: t.field({
      type: BuildReferenceRef,
      nullable: true,
      description: 'Which build the artifact comes from, as the submission says. Null when it says none.',
      resolve: ({ build }) => build ?? null,
    }),
    demandedOrigin: t.field({
      type: DemandedOriginRef,
      nullable: true,
      description: 'What policy and project demand of the origin. Null: it is not verified.',
      resolve: ({ originVerification }) => originVerification ?? null,
    }),
    origin: t.field({
      type: RequestOriginRef,
      nullable: true,
      description: 'What came of verifying the origin. Null until then, and where nothing is demanded of it.',
      resolve: (request) => request.origin && { ...request.origin, request },
    }),
    peopleBehind: t.field({
      type: [UserRef],
      nullable: { list: false, items: true },
      description:
        "The people behind the submission besides its submitter: behind the submitter's account, and behind the build where its origin was verified and they are linked. Their approvals do not count where the submitter may not approve.",
      resolve: ({ peopleBehind = [] }) => [...peopleBehind],
    }),
    addedBuildData: t.field({
      type: AddedBuildDataRef,
      nullable: true,
      description: 'What was written into the package about its build. Null until then, and where nothing is.',
      resolve: ({ addedBuildData }) => addedBuildData ?? null,
    }),
    artifactConfiguration: t.field({
      type: PlannedConfigurationRef,
      nullable: true,
      description: 'What says what is signed inside of the artifact. Null where that follows from the artifact alone.',
      resolve: ({ artifactConfiguration }) => artifactConfiguration ?? null,
    }),
    source: t.expose('source', { type: ArtifactSourceRef, description: 'Where the artifact comes from.' }),
    artifact: t.field({
      type: ArtifactRef,
      nullable: true,
      description:
        'What is planned and signed: what was submitted, with the data of its build where they were added. Null until it is known: what has to be fetched was not retrieved.',
      resolve: knownArtifact,
    }),
    programDescription: t.string({
      nullable: true,
      description: 'What the signature will say of the program.',
      resolve: ({ program }) => program.description,
    }),
    programUrl: t.string({ nullable: true, resolve: ({ program }) => program.descriptionUrl }),
    timestamp: t.expose('timestamp', { type: TimestampRequirementRef }),
    existingSignatures: t.expose('existingSignatures', { type: ExistingSignatureTreatmentRef }),
    hashSigningAllowed: t.boolean({
      nullable: true,
      description:
        'Whether the version of the policy in force at submission also signs hashes whose content the service has not seen. Null when the policy is not known.',
      resolve: async ({ signingPolicyId, signingPolicyVersion }, _args, context) => {
        const policy = await SigningPolicyRef.getDataloader(context).load(signingPolicyId)
        const settings = policy?.versions[signingPolicyVersion - 1]?.settings
        return settings === undefined ? null : (settings.hashSigningAllowed ?? false)
      },
    }),
    plan: t.field({
      type: SigningPlanRef,
      nullable: true,
      description: 'Null until it was planned.',
      resolve: ({ signingRequestId, plan, plannedAt }) =>
        plan === null
          ? null
          : { ...plan, plannedAt, signingRequestId, entryCount: plan.nodeCount, signedCount: plan.fileCount },
    }),
    approvalProcess: t.field({
      type: ApprovalProcessRef,
      nullable: true,
      description: 'As the policy had it at submission. Null: nobody is asked.',
      resolve: ({ approval }) => approval,
    }),
    approvals: t.field({
      type: [ApprovalRef],
      description: 'In the order given.',
      resolve: ({ approvals }) => [...approvals],
    }),
    missingApprovals: t.exposeInt('missingApprovals', { description: 'How many more are needed.' }),
    denial: t.field({
      type: DenialRef,
      nullable: true,
      resolve: ({ denial, finishedAt, updatedAt }) =>
        denial === null ? null : { ...denial, deniedAt: finishedAt ?? updatedAt },
    }),
    cancellation: t.field({
      type: CancellationRef,
      nullable: true,
      resolve: ({ cancellation, finishedAt, updatedAt }) =>
        cancellation === null ? null : { ...cancellation, canceledAt: finishedAt ?? updatedAt },
    }),
    failure: t.field({
      type: FailureRef,
      nullable: true,
      resolve: ({ failure, finishedAt, updatedAt }) =>
        failure === null ? null : { ...failure, failedAt: finishedAt ?? updatedAt },
    }),
    waitingFor: t.expose('waitingFor', {
      type: WaitingReasonRef,
      nullable: true,
      description: 'What it waits for that is no decision of people. Null while it goes on.',
    }),
    attempts: t.field({
      type: [SigningAttemptRef],
      description: 'Every start of signing, the first one first.',
      resolve: ({ attemptsMade }) => [...attemptsMade],
    }),
    manifest: t.field({
      type: SigningManifestRef,
      nullable: true,
      description: 'What the last attempt signed. Null until it has.',
      resolve: ({ signingRequestId, manifest }) =>
        manifest === null ? null : { ...manifest, signingRequestId, signedCount: manifest.fileCount },
    }),
    resubmittedFrom: t.field({
      type: SigningRequestRef,
      nullable: true,
      description: 'The completed request whose artifact it takes again. Null: the artifact came with it.',
      resolve: ({ source }) => earlierRequestOf(source) ?? null,
    }),
    resubmissions: t.connection({
      type: SigningRequestRef,
      description: 'The requests that took its artifact again, in their order.',
      resolve: async ({ signingRequestId, resubmissions }, args) => {
        const list = `resubmissions ${signingRequestId}`
        const read = async (from: number, to: number) => resubmissions.slice(from, to)
        return asConnection(await numberedPage({ list, count: resubmissions.length, read }, parsePageRequest(args)))
      },
    }),
    signedArtifact: t.expose('signedArtifact', { type: ArtifactRef, nullable: true }),
    provenance: t.field({
      type: SigningProvenanceRef,
      nullable: true,
      description: 'Where what was signed comes from, as a signed statement. Null where the origin was not verified.',
      resolve: (request) => signingProvenanceOf(request),
    }),
    cancelAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'The service cancels the request when it is not final by then. Null when the submission sets no limit.',
      resolve: ({ cancelAt }) => cancelAt ?? null,
    }),
    uploadLink: t.string({
      nullable: true,
      description: 'Where the artifact that the submission announced is to be sent, as long as it is awaited.',
      resolve: (request, _, { publicUrl }) =>
        isUploadAwaited(request) ? artifactLink(publicUrl, request, 'UnsignedArtifact') : null,
    }),
    unsignedArtifactLink: t.string({
      description: 'Where the submitted artifact can be downloaded by those who may.',
      resolve: (request, _, { publicUrl }) => artifactLink(publicUrl, request, 'UnsignedArtifact'),
    }),
    signedArtifactLink: t.string({
      nullable: true,
      description: 'Where the signed artifact can be downloaded by those who may. Null until it is completed.',
      resolve: (request, _, { publicUrl }) =>
        request.signedArtifact === null ? null : artifactLink(publicUrl, request, 'SignedArtifact'),
    }),
  }),
})
