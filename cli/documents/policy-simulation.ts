import { typedDocument } from '../connection/graphql.ts'

/** What a rule that a signature depends on says. */
export type RuleOutcome = {
  readonly rule: string
  readonly input: string
  readonly outcome: 'met' | 'unmet' | 'notAsked'
  readonly code: string | null
  readonly message: string | null
}

/** Whether something would be signed, and what every rule says. */
export type PolicySimulation = { readonly wouldBeSigned: boolean; readonly rules: readonly RuleOutcome[] }

/** Asks whether something would be signed. */
export const simulatePolicy = typedDocument<
  { readonly policySimulation: PolicySimulation },
  {
    readonly project: string
    readonly signingPolicy: string
    readonly user: string | null
    readonly branch: string | null
    readonly sourceLevel: number | null
    readonly artifactSha256: string | null
    readonly atVersion: number | null
    /** `SigningPolicySettingsInput`, as somebody wrote it; the service says what is wrong with it. */
    readonly proposed: unknown
  }
>(`query SimulatePolicy(
  $project: String!, $signingPolicy: String!, $user: ID, $branch: String, $sourceLevel: Int, $artifactSha256: String, $atVersion: Int,
  $proposed: SigningPolicySettingsInput
) {
  policySimulation(
    project: $project, signingPolicy: $signingPolicy, user: $user, branch: $branch, sourceLevel: $sourceLevel,
    artifactSha256: $artifactSha256, atVersion: $atVersion, proposed: $proposed
  ) {
    wouldBeSigned rules { rule input outcome code message }
  }
}`)
