import { typedDocument } from '../connection/graphql.ts'
import { type Connected, type EntityEvent, eventFields } from './requests.ts'

/** Where a proposed change can stand. */
export const changeStatuses = ['proposed', 'approved', 'applied', 'rejected', 'lapsed'] as const

/** Where a proposed change stands. */
export type ChangeStatus = (typeof changeStatuses)[number]

/** What lists show of a proposed change. */
export type ChangeSummary = {
  readonly changeProposalId: string
  readonly status: ChangeStatus
  readonly createdAt: string
  readonly expiresAt: string
  /** Null for the operator of the machine. */
  readonly author: { readonly name: string } | null
  /** Why, as its author says it; null when nothing was said. */
  readonly reason: string | null
  /** Its kind, a hyphen, its UUID. */
  readonly targetStreamId: string
  /** Null for what the change creates. */
  readonly target: NamedEntity | null
  readonly proposedEvents: readonly { readonly type: string; readonly data: Readonly<Record<string, unknown>> }[]
  readonly requiredApprovals: number
  readonly missingApprovals: number
}

/** Something, and what people call it. */
export type NamedEntity = { readonly __typename: string; readonly id: string; readonly name?: string }

/** A field that a change gives another value. */
export type FieldDifference = { readonly path: string; readonly before: unknown; readonly after: unknown }

/** Everything about a proposed change but its history. */
export type ChangeDetails = ChangeSummary & {
  readonly baseRevision: number | null
  /** Whoever has it may approve, except the author. */
  readonly permission: string
  readonly difference: readonly FieldDifference[]
  /** What the difference names by its id. */
  readonly mentioned: readonly { readonly entityId: string; readonly kind: string; readonly name: string }[]
  readonly approvals: readonly {
    readonly approver: { readonly name: string } | null
    readonly approvedAt: string
    readonly comment: string | null
  }[]
  readonly rejection: { readonly rejectedBy: { readonly name: string } | null; readonly comment: string | null } | null
  readonly lapsed: string | null
  /** Of a new version of a signing policy, what it would have changed of the last requests; null of other changes. */
  readonly pastSimulation: PastSimulation | null
}

/** Which of the last requests a proposed version would have treated otherwise. */
export type PastSimulation = {
  readonly examined: number
  readonly treatedOtherwise: readonly {
    readonly signingRequest: { readonly signingRequestId: string } | null
    readonly differences: readonly { readonly rule: string; readonly before: string; readonly after: string }[]
  }[]
}

const names = ['Organization', 'User', 'Key', 'Group', 'Certificate', 'Project', 'SigningPolicy']
  .map((type) => `... on ${type} { name }`)
  .join(' ')
const summaryFields = `changeProposalId status createdAt expiresAt author { name } reason targetStreamId
  target { __typename id ${names} } proposedEvents { type data } requiredApprovals missingApprovals`
const detailFields = `${summaryFields} baseRevision permission difference { path before after } mentioned { entityId kind name }
  approvals { approver { name } approvedAt comment } rejection { rejectedBy { name } comment } lapsed
  pastSimulation(last: 50) { examined treatedOtherwise { signingRequest { signingRequestId } differences { rule before after } } }`

/** Proposed changes, newest first. */
export const listChanges = typedDocument<
  { readonly changeProposals: Connected<ChangeSummary> },
  { readonly status: ChangeStatus | null; readonly first: number; readonly after: string | null }
>(`query ListChanges($status: ChangeProposalStatus, $first: Int, $after: String) {
  changeProposals(status: $status, first: $first, after: $after) {
    nodes { ${summaryFields} }
    pageInfo { hasNextPage endCursor }
  }
}`)

/** One proposed change and a page of its time line, oldest first. */
export const changeWithEvents = typedDocument<
  { readonly changeProposal: (ChangeDetails & { readonly events: Connected<EntityEvent> }) | null },
  { readonly id: string; readonly after: string | null }
>(`query ChangeWithEvents($id: ID!, $after: String) {
  changeProposal(id: $id) {
    ${detailFields}
    events(first: 50, after: $after) {
      nodes { ${eventFields} }
      pageInfo { hasNextPage endCursor }
    }
  }
}`)

/** What is said of a proposed change. */
export type ChangeDecision = { readonly changeProposalId: string; readonly comment: string | null }

/** What became of a proposed change: null when the service cannot show it yet. */
export type ChangeDecided = {
  readonly changeProposalId: string
  readonly position: string
  readonly changeProposal: ChangeSummary | null
}

/** Approves a proposed change. */
export const approveChange = typedDocument<
  { readonly approveChange: ChangeDecided },
  { readonly input: ChangeDecision }
>(`mutation ApproveChange($input: ApproveChangeInput!) {
  approveChange(input: $input) { changeProposalId position changeProposal { ${summaryFields} } }
}`)

/** Rejects a proposed change, or takes it back. */
export const rejectChange = typedDocument<{ readonly rejectChange: ChangeDecided }, { readonly input: ChangeDecision }>(
  `mutation RejectChange($input: RejectChangeInput!) {
  rejectChange(input: $input) { changeProposalId position changeProposal { ${summaryFields} } }
}`,
)

/** Which approvals changes of rules need. */
export type ChangeControl = { readonly requiredApprovals: number; readonly lifetimeSeconds: number }

const organizationFields =
  'organizationId name revision changeControl { requiredApprovals lifetimeSeconds } statementKey { keyId name }'

/** An organization with its change control, and with its key for statements. */
export type ControlledOrganization = {
  readonly organizationId: string
  readonly name: string
  readonly revision: number
  readonly changeControl: ChangeControl | null
  /** What signs where something comes from; null: the key of the policy's certificate. */
  readonly statementKey: { readonly keyId: string; readonly name: string } | null
}

/** A change of the organization that is in the log, or was proposed. */
export type OrganizationChange = {
  readonly position: string
  readonly changeProposal: ChangeSummary | null
  readonly organization: ControlledOrganization | null
}

const organizationChangeFields = `position changeProposal { ${summaryFields} } organization { ${organizationFields} }`

/** The organization with both. */
export const changeControlOf = typedDocument<{ readonly organization: ControlledOrganization | null }>(
  `query ChangeControl { organization { ${organizationFields} } }`,
)

/** Says which key signs where something comes from, from now on. */
export const changeStatementKey = typedDocument<
  { readonly changeStatementKey: OrganizationChange },
  { readonly input: { readonly keyId: string | null; readonly basedOnRevision: number } }
>(`mutation ChangeStatementKey($input: ChangeStatementKeyInput!, $changeReason: String) {
  changeStatementKey(input: $input, changeReason: $changeReason) { ${organizationChangeFields} }
}`)

/** Says which approvals changes of rules need from now on. */
export const changeChangeControl = typedDocument<
  { readonly changeChangeControl: OrganizationChange },
  { readonly input: { readonly changeControl: ChangeControl | null; readonly basedOnRevision: number } }
>(`mutation ChangeChangeControl($input: ChangeChangeControlInput!, $changeReason: String) {
  changeChangeControl(input: $input, changeReason: $changeReason) { ${organizationChangeFields} }
}`)
