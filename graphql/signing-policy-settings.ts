import type { CertificateId, OriginVerification, SigningPolicySettings, SourceSummaryRule } from '../domain/index.ts'
import { builder } from './builder.ts'
import { ChangeControlInput } from './change-control.ts'
import { ExistingSignatureTreatmentRef, TimestampRequirementRef } from './enums.ts'
import { parseEntityId } from './global-id.ts'
import { PrincipalReferenceInput, referencesOf } from './principal-reference.ts'

const ApprovalProcessInput = builder.inputType('ApprovalProcessInput', {
  fields: (t) => ({
    approvers: t.field({ type: [PrincipalReferenceInput], required: true }),
    requiredApprovals: t.int({ required: true, description: 'So many different people must agree, 1 or more.' }),
    submitterMayApprove: t.boolean({
      description: 'Whether an approval by the person behind the submission counts; no when absent.',
    }),
    deadlineSeconds: t.int({ description: 'After so many seconds a request is denied. Null: it waits without end.' }),
  }),
})

const SourceVerifierInput = builder.inputType('SourceVerifierInput', {
  fields: (t) => ({
    id: t.string({ required: true, description: 'Its URI, exactly as its summaries name it.' }),
    publicKeys: t.stringList({ required: true, description: 'PEM, or DER in base64: the keys that sign for it.' }),
  }),
})

const SourceSummaryRuleInput = builder.inputType('SourceSummaryRuleInput', {
  description:
    "A verification summary of the source revision that must come with what is submitted (SLSA's source track).",
  fields: (t) => ({
    level: t.int({ required: true, description: 'At least this level of the source, 1 to 4.' }),
    verifiers: t.field({ type: [SourceVerifierInput], required: true }),
    maximumAgeSeconds: t.int({
      description: 'How long before the submission the revision may have been verified. Null: at any time before.',
    }),
  }),
})

const OriginVerificationInput = builder.inputType('OriginVerificationInput', {
  fields: (t) => ({
    allowedBranches: t.stringList({
      required: true,
      description: 'Globs such as `main` and `release/*`, of which the branch that was built must match one.',
    }),
    sourceSummary: t.field({ type: SourceSummaryRuleInput, description: 'Null: none is demanded.' }),
  }),
})

/** What a signing policy is to demand. */
export const SigningPolicySettingsInput = builder.inputType('SigningPolicySettingsInput', {
  description: 'All that a policy demands: what is left out is as its description says, and not as it was.',
  fields: (t) => ({
    name: t.string({ required: true }),
    certificateId: t.id({ required: true, description: 'UUID or node id.' }),
    submitters: t.field({ type: [PrincipalReferenceInput], required: true, description: 'Who may submit.' }),
    approval: t.field({ type: ApprovalProcessInput, description: 'Null: nobody is asked.' }),
    timestamp: t.field({ type: TimestampRequirementRef, description: 'Required when absent.' }),
    release: t.boolean({
      description: 'Strong algorithms only, time-stamp always, no test certificates; no when absent.',
    }),
    existingSignatures: t.field({
      type: [ExistingSignatureTreatmentRef],
      description: 'What submissions may ask for, the default first; replace, append and refuse when absent.',
    }),
    trustedBuildSystemRequired: t.boolean({
      description:
        'Whether a trusted build system must vouch for submissions, which people cannot make then; no when absent.',
    }),
    originVerification: t.field({
      type: OriginVerificationInput,
      description:
        'What the origin of artifacts must be, which is verified then; needs a trusted build system and the repository URL of the project. Null: it is not.',
    }),
    hashSigningAllowed: t.boolean({
      description:
        'Whether hashes are signed whose content the service has not seen: such a signature can be made into one of any format, of anything. No when absent. Takes no time-stamp.',
    }),
    changeControl: t.field({
      type: ChangeControlInput,
      description:
        'Approvals that changes of this policy take from now on, whatever the organization demands. Null: none.',
    }),
  }),
})

/**
 * The settings of an input.
 *
 * @throws Refusal `ID_MALFORMED`, `ARGUMENTS_AMBIGUOUS`
 */
export function settingsOf(input: typeof SigningPolicySettingsInput.$inferInput): SigningPolicySettings {
  const { name, approval, changeControl, trustedBuildSystemRequired, originVerification, hashSigningAllowed } = input
  return {
    name,
    certificateId: parseEntityId<CertificateId>(input.certificateId, 'Certificate'),
    submitters: referencesOf(input.submitters),
    approval:
      approval == null
        ? null
        : {
            approvers: referencesOf(approval.approvers),
            requiredApprovals: approval.requiredApprovals,
            submitterMayApprove: approval.submitterMayApprove ?? false,
            deadlineSeconds: approval.deadlineSeconds ?? null,
          },
    timestamp: input.timestamp ?? 'required',
    release: input.release ?? false,
    existingSignatures: input.existingSignatures ?? ['replace', 'append', 'refuse'],
    ...(changeControl == null ? {} : { changeControl }),
    ...(trustedBuildSystemRequired ? { trustedBuildSystemRequired } : {}),
    ...(originVerification == null ? {} : { originVerification: verificationOf(originVerification) }),
    ...(hashSigningAllowed ? { hashSigningAllowed } : {}),
  }
}

/** Which levels there are, the domain says. */
function verificationOf({
  allowedBranches,
  sourceSummary,
}: typeof OriginVerificationInput.$inferInput): OriginVerification {
  if (sourceSummary == null) return { allowedBranches }
  const { level, verifiers, maximumAgeSeconds = null } = sourceSummary
  const summary = { level: level as SourceSummaryRule['level'], verifiers, maximumAgeSeconds }
  return { allowedBranches, sourceSummary: summary }
}
