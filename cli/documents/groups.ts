import { typedDocument } from '../connection/graphql.ts'
import type { Connected } from './requests.ts'

/** What is shown of a group. */
export type GroupSummary = {
  readonly groupId: string
  readonly name: string
  readonly description: string | null
  readonly memberCount: number
  /** Of the newest event. */
  readonly revision: number
}

/** A change of a group that is in the log, or was proposed. */
export type GroupChange = {
  readonly groupId: string
  readonly position: string
  readonly changeProposalId: string | null
}

const groupFields = 'groupId name description memberCount revision'
const changeFields = 'groupId position changeProposalId'

/** Groups by name. */
export const listGroups = typedDocument<
  { readonly groups: Connected<GroupSummary> },
  { readonly first: number; readonly after: string | null }
>(`query ListGroups($first: Int, $after: String) {
  groups(first: $first, after: $after) { nodes { ${groupFields} } pageInfo { hasNextPage endCursor } }
}`)

/** One group. */
export const oneGroup = typedDocument<{ readonly group: GroupSummary | null }, { readonly id: string }>(
  `query OneGroup($id: ID!) { group(id: $id) { ${groupFields} } }`,
)

/** The members of a group, by id. */
export const membersOfGroup = typedDocument<
  { readonly group: { readonly members: Connected<{ readonly userId: string }> } | null },
  { readonly id: string; readonly first: number; readonly after: string | null }
>(`query MembersOfGroup($id: ID!, $first: Int, $after: String) {
  group(id: $id) { members(first: $first, after: $after) { nodes { userId } pageInfo { hasNextPage endCursor } } }
}`)

/** Creates a group. */
export const createGroup = typedDocument<
  { readonly createGroup: GroupChange },
  {
    readonly input: {
      readonly name: string
      readonly description: string | null
      readonly members: readonly string[]
    }
  }
>(
  `mutation CreateGroup($input: CreateGroupInput!, $changeReason: String) { createGroup(input: $input, changeReason: $changeReason) { ${changeFields} } }`,
)

/** Gives a group another name or description. */
export const describeGroup = typedDocument<
  { readonly describeGroup: GroupChange },
  {
    readonly input: {
      readonly groupId: string
      readonly name: string
      readonly description: string | null
      readonly basedOnRevision: number
    }
  }
>(
  `mutation DescribeGroup($input: DescribeGroupInput!, $changeReason: String) { describeGroup(input: $input, changeReason: $changeReason) { ${changeFields} } }`,
)

/** Has users join and leave a group. */
export const changeGroupMembers = typedDocument<
  { readonly changeGroupMembers: GroupChange },
  {
    readonly input: {
      readonly groupId: string
      readonly add: readonly string[]
      readonly remove: readonly string[]
      readonly basedOnRevision: number | null
    }
  }
>(
  `mutation ChangeGroupMembers($input: ChangeGroupMembersInput!, $changeReason: String) { changeGroupMembers(input: $input, changeReason: $changeReason) { ${changeFields} } }`,
)
