import { typedDocument } from '../connection/graphql.ts'
import type { PrincipalInput } from '../principals.ts'
import { type NamedPrincipal, type NamedUser, principalFields } from './request-fields.ts'

/** What a policy demands, with those whom it names as the service says or takes them. */
type PolicyDemands<Principal> = {
  readonly name: string
  readonly submitters: readonly Principal[]
  readonly approval: {
    readonly approvers: readonly Principal[]
    readonly requiredApprovals: number
    readonly submitterMayApprove: boolean
    readonly deadlineSeconds: number | null
  } | null
  readonly timestamp: 'required' | 'none'
  readonly release: boolean
  readonly existingSignatures: readonly ('replace' | 'append' | 'refuse')[]
  readonly trustedBuildSystemRequired: boolean
  /** `null`: origins are not verified. */
  readonly originVerification: {
    readonly allowedBranches: readonly string[]
    /** `null`: no verification summary of the source revision is demanded. */
    readonly sourceSummary: {
      readonly level: number
      readonly verifiers: readonly { readonly id: string; readonly publicKeys: readonly string[] }[]
      readonly maximumAgeSeconds: number | null
    } | null
  } | null
  readonly hashSigningAllowed: boolean
  readonly changeControl: { readonly requiredApprovals: number; readonly lifetimeSeconds: number } | null
}

/** One version of what a policy demands. */
export type PolicyVersion = PolicyDemands<NamedPrincipal> & {
  readonly version: number
  readonly madeAt: string
  readonly madeBy: { readonly kind: string; readonly user: NamedUser; readonly component: string | null }
  readonly certificate: { readonly certificateId: string; readonly name: string } | null
}

/** Everything about a signing policy. */
export type PolicyDetails = {
  readonly signingPolicyId: string
  readonly slug: string
  readonly status: string
  readonly revision: number
  readonly project: { readonly projectId: string; readonly slug: string } | null
  readonly current: PolicyVersion
  readonly versions: readonly PolicyVersion[]
}

/** What a policy is to demand, as the service takes it. */
export type PolicyInput = PolicyDemands<PrincipalInput> & { readonly certificateId: string }

/** A change of a signing policy that is in the log, or was proposed. */
export type PolicyChange = {
  readonly signingPolicyId: string
  readonly position: string
  readonly changeProposalId: string | null
}

const versionFields = `version madeAt madeBy { kind component user { userId name } }
  name certificate { certificateId name } submitters { ${principalFields} }
  approval { approvers { ${principalFields} } requiredApprovals submitterMayApprove deadlineSeconds }
  timestamp release existingSignatures trustedBuildSystemRequired hashSigningAllowed
  originVerification { allowedBranches sourceSummary { level verifiers { id publicKeys } maximumAgeSeconds } }
  changeControl { requiredApprovals lifetimeSeconds }`
const changeFields = 'signingPolicyId position changeProposalId'

/** One signing policy by its id. */
export const onePolicy = typedDocument<{ readonly signingPolicy: PolicyDetails | null }, { readonly id: string }>(
  `query OnePolicy($id: ID!) {
  signingPolicy(id: $id) {
    signingPolicyId slug status revision project { projectId slug }
    current { ${versionFields} } versions { ${versionFields} }
  }
}`,
)

/** The ids of a project's policies, by their slugs. */
export const policiesOfProject = typedDocument<
  {
    readonly project: {
      readonly signingPolicies: readonly { readonly signingPolicyId: string; readonly slug: string }[]
    } | null
  },
  { readonly slug: string }
>(`query PoliciesOfProject($slug: String!) {
  project(slug: $slug) { signingPolicies { signingPolicyId slug } }
}`)

/** Creates a signing policy. */
export const createPolicy = typedDocument<
  { readonly createSigningPolicy: PolicyChange },
  { readonly input: { readonly projectId: string; readonly slug: string; readonly settings: PolicyInput } }
>(
  `mutation CreatePolicy($input: CreateSigningPolicyInput!, $changeReason: String) { createSigningPolicy(input: $input, changeReason: $changeReason) { ${changeFields} } }`,
)

/** Gives a signing policy a new version. */
export const updatePolicy = typedDocument<
  { readonly updateSigningPolicy: PolicyChange },
  {
    readonly input: {
      readonly signingPolicyId: string
      readonly basedOnRevision: number
      readonly settings: PolicyInput
    }
  }
>(
  `mutation UpdatePolicy($input: UpdateSigningPolicyInput!, $changeReason: String) { updateSigningPolicy(input: $input, changeReason: $changeReason) { ${changeFields} } }`,
)

/** Puts a signing policy out of use. */
export const deactivatePolicy = typedDocument<
  { readonly deactivateSigningPolicy: PolicyChange },
  {
    readonly input: {
      readonly signingPolicyId: string
      readonly basedOnRevision: number
      readonly reason: string | null
    }
  }
>(`mutation DeactivatePolicy($input: DeactivateSigningPolicyInput!) {
  deactivateSigningPolicy(input: $input) { ${changeFields} }
}`)

/** Puts a signing policy into use again. */
export const reactivatePolicy = typedDocument<
  { readonly reactivateSigningPolicy: PolicyChange },
  { readonly input: { readonly signingPolicyId: string; readonly basedOnRevision: number } }
>(`mutation ReactivatePolicy($input: ReactivateSigningPolicyInput!, $changeReason: String) {
  reactivateSigningPolicy(input: $input, changeReason: $changeReason) { ${changeFields} }
}`)
