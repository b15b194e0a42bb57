import type { ApprovalProcess, OriginVerification, SourceSummaryRule, SourceVerifierRule } from '../domain/index.ts'
import type { SigningPolicyVersion, SigningPolicyView } from '../projections/index.ts'
import { ActorRef } from './actor.ts'
import { builder } from './builder.ts'
import { ChangeControlRef } from './change-control.ts'
import { EntityRef } from './entity.ts'
import { ExistingSignatureTreatmentRef, SigningPolicyStatusRef, TimestampRequirementRef } from './enums.ts'
import { PrincipalReferenceRef } from './principal-reference.ts'
import { CertificateRef, ProjectRef, SigningPolicyRef } from './refs.ts'

/** Who must agree before a signature. */
export const ApprovalProcessRef = builder.objectRef<ApprovalProcess>('ApprovalProcess').implement({
  description: 'Who must agree before a signature: `requiredApprovals` distinct people of those that `approvers` name.',
  fields: (t) => ({
    approvers: t.field({
      type: [PrincipalReferenceRef],
      resolve: ({ approvers }) => [...approvers],
    }),
    requiredApprovals: t.exposeInt('requiredApprovals'),
    submitterMayApprove: t.exposeBoolean('submitterMayApprove'),
    deadlineSeconds: t.exposeFloat('deadlineSeconds', {
      nullable: true,
      description: 'Whole seconds after planning at which a request without quorum is denied. Null waits without end.',
    }),
  }),
})

const SourceVerifierRef = builder.objectRef<SourceVerifierRule>('SourceVerifier').implement({
  description: 'Somebody whose verification summaries are believed.',
  fields: (t) => ({
    id: t.exposeString('id', { description: 'The URI by which its summaries name it.' }),
    publicKeys: t.stringList({ description: 'DER in base64.', resolve: ({ publicKeys }) => [...publicKeys] }),
  }),
})

/** What a verification summary of the source must say. */
export const SourceSummaryRuleRef = builder.objectRef<SourceSummaryRule>('SourceSummaryRule').implement({
  description: "The verification summary of the source revision that is demanded (SLSA's source track).",
  fields: (t) => ({
    level: t.exposeInt('level', { description: 'At least this level of the source.' }),
    verifiers: t.field({ type: [SourceVerifierRef], resolve: ({ verifiers }) => [...verifiers] }),
    maximumAgeSeconds: t.exposeInt('maximumAgeSeconds', {
      nullable: true,
      description: 'How long before the submission the revision may have been verified. Null: at any time before.',
    }),
  }),
})

const OriginVerificationRef = builder.objectRef<OriginVerification>('OriginVerification').implement({
  description:
    'What a policy demands of where its artifacts come from, besides that their repository is the project’s.',
  fields: (t) => ({
    allowedBranches: t.stringList({
      description: 'Globs such as `main` and `release/*`, of which the branch that was built must match one.',
      resolve: ({ allowedBranches }) => [...allowedBranches],
    }),
    sourceSummary: t.field({
      type: SourceSummaryRuleRef,
      nullable: true,
      description: 'Null: none is demanded.',
      resolve: ({ sourceSummary }) => sourceSummary ?? null,
    }),
  }),
})

const SigningPolicyVersionRef = builder.objectRef<SigningPolicyVersion>('SigningPolicyVersion').implement({
  description: 'One version of what a policy demands. A signing request keeps the version that it was submitted under.',
  fields: (t) => ({
    version: t.exposeInt('version', { description: 'From 1.' }),
    madeAt: t.expose('at', { type: 'DateTime' }),
    madeBy: t.expose('by', { type: ActorRef }),
    name: t.string({ resolve: ({ settings }) => settings.name }),
    certificate: t.field({
      type: CertificateRef,
      nullable: true,
      resolve: ({ settings }) => settings.certificateId,
    }),
    submitters: t.field({
      type: [PrincipalReferenceRef],
      description: 'Who may submit.',
      resolve: ({ settings }) => [...settings.submitters],
    }),
    approval: t.field({
      type: ApprovalProcessRef,
      nullable: true,
      description: 'Null: nobody is asked.',
      resolve: ({ settings }) => settings.approval,
    }),
    timestamp: t.field({ type: TimestampRequirementRef, resolve: ({ settings }) => settings.timestamp }),
    release: t.boolean({
      description: 'A release policy: strong algorithms only, time-stamp always, no test certificates.',
      resolve: ({ settings }) => settings.release,
    }),
    existingSignatures: t.field({
      type: [ExistingSignatureTreatmentRef],
      description:
        'What a submission may ask for files that are signed already; the first is for submissions that do not ask.',
      resolve: ({ settings }) => [...settings.existingSignatures],
    }),
    trustedBuildSystemRequired: t.boolean({
      description: 'Whether a trusted build system must vouch for submissions, which people cannot make then.',
      resolve: ({ settings }) => settings.trustedBuildSystemRequired ?? false,
    }),
    originVerification: t.field({
      type: OriginVerificationRef,
      nullable: true,
      description: 'What the origin of artifacts must be, which is verified then. Null: it is not.',
      resolve: ({ settings }) => settings.originVerification ?? null,
    }),
    hashSigningAllowed: t.boolean({
      description:
        'Whether hashes are signed whose content the service has not seen: such a signature can be made into one of any format, of anything.',
      resolve: ({ settings }) => settings.hashSigningAllowed ?? false,
    }),
    changeControl: t.field({
      type: ChangeControlRef,
      nullable: true,
      description: 'What changes of this policy take besides what the organization demands. Null: nothing more.',
      resolve: ({ settings }) => settings.changeControl ?? null,
    }),
  }),
})

SigningPolicyRef.implement({
  description: 'Which certificate signs, who may submit, who must approve.',
  interfaces: [EntityRef],
  fields: (t) => ({
    signingPolicyId: t.exposeID('signingPolicyId', { description: 'UUID.' }),
    slug: t.exposeString('slug', { description: 'What tools name the policy by, in its project.' }),
    name: t.string({ resolve: (policy) => inForce(policy).settings.name }),
    status: t.expose('status', { type: SigningPolicyStatusRef }),
    project: t.field({ type: ProjectRef, nullable: true, resolve: ({ projectId }) => projectId }),
    current: t.field({
      type: SigningPolicyVersionRef,
      description: 'The version in force.',
      resolve: inForce,
    }),
    versions: t.field({
      type: [SigningPolicyVersionRef],
      description: 'Every version, the oldest first.',
      resolve: ({ versions }) => [...versions],
    }),
  }),
})

function inForce({ slug, versions }: SigningPolicyView): SigningPolicyVersion {
  const last = versions.at(-1)
  if (last === undefined) throw new Error(`The signing policy ${slug} has no version.`)
  return last
}
