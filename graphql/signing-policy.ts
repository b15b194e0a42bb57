import type { ApprovalProcess, SigningPolicySettings } from '../domain/index.ts'
import { currentVersion } from '../domain/index.ts'
import type { PolicyVersionMade } from '../projections/index.ts'
import { builder } from './builder.ts'
import { EntityRef } from './entity.ts'
import { SigningPolicyStatusRef, TimestampRequirementRef } from './enums.ts'
import { ActorRef } from './event.ts'
import { CertificateRef, ProjectRef, SigningPolicyRef, UserRef } from './refs.ts'

/** Who must agree before a signature. */
export const ApprovalProcessRef = builder.objectRef<ApprovalProcess>('ApprovalProcess').implement({
  description: 'Who must agree before a signature: `requiredApprovals` distinct people of `approvers`.',
  fields: (t) => ({
    approvers: t.field({
      type: [UserRef],
      nullable: { list: false, items: true },
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

type Version = PolicyVersionMade & { readonly version: number; readonly settings: SigningPolicySettings }

const SigningPolicyVersionRef = builder.objectRef<Version>('SigningPolicyVersion').implement({
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
      type: [UserRef],
      nullable: { list: false, items: true },
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
  }),
})

SigningPolicyRef.implement({
  description: 'Which certificate signs, who may submit, who must approve.',
  interfaces: [EntityRef],
  fields: (t) => ({
    signingPolicyId: t.exposeID('signingPolicyId', { description: 'UUID.' }),
    slug: t.exposeString('slug', { description: 'What tools name the policy by, in its project.' }),
    name: t.string({ resolve: (policy) => currentVersion(policy).settings.name }),
    status: t.expose('status', { type: SigningPolicyStatusRef }),
    project: t.field({ type: ProjectRef, nullable: true, resolve: ({ projectId }) => projectId }),
    current: t.field({
      type: SigningPolicyVersionRef,
      description: 'The version in force.',
      resolve: (policy) => versionOf(policy, policy.versions.length - 1),
    }),
    versions: t.field({
      type: [SigningPolicyVersionRef],
      description: 'Every version, the oldest first.',
      resolve: (policy) => policy.versions.map((_, index) => versionOf(policy, index)),
    }),
  }),
})

function versionOf(
  policy: { readonly versions: readonly SigningPolicySettings[]; readonly versionsMade: readonly PolicyVersionMade[] },
  index: number,
): Version {
  const settings = policy.versions[index]
  const made = policy.versionsMade[index]
  if (settings === undefined || made === undefined) throw new Error(`The policy has no version ${index + 1}.`)
  return { ...made, settings, version: index + 1 }
}
