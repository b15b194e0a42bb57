import { describe, expect, it } from 'vitest'
import {
  fold,
  type GroupEvent,
  type GroupId,
  groupDecider as group,
  groupsNamed,
  isMember,
  type OrganizationId,
  type PrincipalReference,
  referenceKey,
  referencesTo,
  type UserId,
  usersNamed,
} from '../../domain/index.ts'
import { event, given, itRefuses } from '../support/decider-spec.ts'
import { fixedUuid, people } from '../support/submission.ts'

const { anna, bert, cora } = people
const organizationId = fixedUuid<OrganizationId>('3')
const facts = { groupId: fixedUuid<GroupId>('d'), organizationId, name: 'Release managers', description: null }
const create = { type: 'CreateGroup', ...facts, members: [anna, bert] } as const
const created = event<GroupEvent, 'GroupCreated'>('GroupCreated', { ...facts, members: [anna, bert] })
const changed = (added: readonly UserId[], removed: readonly UserId[]) =>
  event<GroupEvent, 'GroupMembersChanged'>('GroupMembersChanged', { added, removed })
const change = (add: readonly UserId[], remove: readonly UserId[]) =>
  ({ type: 'ChangeGroupMembers', add, remove }) as const
const described = event<GroupEvent, 'GroupDescribed'>('GroupDescribed', { name: 'Leads', description: 'of teams' })
const many = (count: number) => Array.from({ length: count }, (_, index) => `user ${index}` as UserId)

describe('group', () => {
  it('is created with its members, or empty', () => {
    given(group)
      .when({ ...create, name: ' Release managers ' })
      .thenEvents(created)
    given(group)
      .when({ ...create, members: [] })
      .thenEvents({ ...created, data: { ...created.data, members: [] } })
  })

  it('takes members in and lets them go at one moment, and passes over what is so already', () => {
    given(group, created)
      .when(change([bert, cora], [anna]))
      .thenEvents(changed([cora], [anna]))
    expect(fold(group, [created, changed([cora], [anna])])).toMatchObject({ members: [bert, cora] })
    expect(fold(group, [created, changed([], [anna, bert])])).toMatchObject({ members: [] })
  })

  it('is described anew, and keeps its members', () => {
    given(group, created).when({ type: 'DescribeGroup', name: 'Leads', description: 'of teams' }).thenEvents(described)
    expect(fold(group, [created, described])).toMatchObject({ name: 'Leads', members: [anna, bert] })
  })

  it('has members in its own organization only', () => {
    const state = fold(group, [created])
    expect(isMember(state, organizationId, anna)).toBe(true)
    expect(isMember(state, organizationId, cora)).toBe(false)
    expect(isMember(state, fixedUuid('4'), anna)).toBe(false)
    expect(isMember(group.initialState(), organizationId, anna)).toBe(false)
  })

  itRefuses(group, { source: 'group/decider.ts', before: 'export const groupDecider' }, [
    ['GROUP_EXISTS', 'a second creation', [created], create],
    ['GROUP_NOT_FOUND', 'a change before creation', [], change([anna], [])],
    ['GROUP_UNCHANGED', 'members who are there to join, and others to go', [created], change([anna], [cora])],
    [
      'GROUP_UNCHANGED',
      'the same name and description',
      [created],
      { type: 'DescribeGroup', name: facts.name, description: null },
    ],
    ['GROUP_TOO_LARGE', 'more members than fit an event', [], { ...create, members: many(10_001) }],
    ['GROUP_TOO_LARGE', 'one more than fit', [created], change(many(9_999), [])],
    ['MEMBERS_REPEATED', 'a member twice', [], { ...create, members: [anna, anna] }],
    ['MEMBERS_REPEATED', 'somebody who is to join and to go', [created], change([cora], [cora])],
    ['NAME_MALFORMED', 'no name', [], { ...create, name: ' ' }],
    ['TEXT_TOO_LONG', 'a description', [], { ...create, description: 'x'.repeat(4001) }],
    ['TEXT_MALFORMED', 'a description', [], { ...create, description: '\u2066' }],
  ])
})

describe('references', () => {
  const [first, second] = [fixedUuid<GroupId>('d'), fixedUuid<GroupId>('e')]
  const references: readonly PrincipalReference[] = [{ user: anna }, { group: first }, { group: second }]

  it('name a user themselves and through each group whose member they are', () => {
    expect(referencesTo(references, { userId: anna, groups: [second] })).toEqual([{ user: anna }, { group: second }])
    expect(referencesTo(references, { userId: bert, groups: [first] })).toEqual([{ group: first }])
    expect(referencesTo(references, { userId: bert, groups: [] })).toEqual([])
    expect(referencesTo([], { userId: anna, groups: [first] })).toEqual([])
  })

  it('keep users and groups apart, also of one id', () => {
    const same: readonly PrincipalReference[] = [{ user: anna }, { group: anna as string as GroupId }]
    expect(new Set(same.map(referenceKey)).size).toBe(2)
    expect(usersNamed(same)).toEqual([anna])
    expect(groupsNamed([...same, ...same])).toEqual([anna])
  })
})
