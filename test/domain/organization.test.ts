import { describe, expect, it } from 'vitest'
import {
  existingOrganization,
  type KeyId,
  type OrganizationEvent,
  type OrganizationId,
  organizationDecider as organization,
} from '../../domain/index.ts'
import { event, given, itRefuses, refusalOf } from '../support/decider-spec.ts'
import { fixedUuid } from '../support/submission.ts'

const organizationId = fixedUuid<OrganizationId>('3')
const created = event<OrganizationEvent, 'OrganizationCreated'>('OrganizationCreated', { organizationId, name: 'Acme' })

const control = (requiredApprovals: number, lifetimeSeconds = 604_800) => ({ requiredApprovals, lifetimeSeconds })
const changed = (changeControl: ReturnType<typeof control> | null) =>
  event<OrganizationEvent, 'ChangeControlChanged'>('ChangeControlChanged', { changeControl })
const change = (changeControl: ReturnType<typeof control> | null, administrators = 3) =>
  ({ type: 'ChangeChangeControl', changeControl, administrators }) as const

describe('organization', () => {
  it('is created once, with its name trimmed', () => {
    given(organization).when({ type: 'CreateOrganization', organizationId, name: '  Acme ' }).thenEvents(created)
  })

  it('is there for whoever asks once it was created', () => {
    expect(existingOrganization(given(organization, created).state)).toMatchObject({ organizationId, name: 'Acme' })
    expect(refusalOf(() => existingOrganization(given(organization).state)).code).toBe('ORGANIZATION_NOT_FOUND')
  })

  it('has changes of its rules approved by others, from when it says so and until it says otherwise', () => {
    given(organization, created)
      .when(change(control(2)))
      .thenEvents(changed(control(2)))
    given(organization, created, changed(control(2)))
      .when(change(null))
      .thenEvents(changed(null))
    expect(given(organization, created).state).toMatchObject({ changeControl: null })
    expect(given(organization, created, changed(control(2))).state).toMatchObject({ changeControl: control(2) })
    expect(given(organization, created, changed(control(2)), changed(null)).state).toMatchObject({
      changeControl: null,
    })
  })

  it('has its statements signed by a key of its own, from when it says so and until it says otherwise', () => {
    const keyId = fixedUuid<KeyId>('8')
    const named = (keyId: KeyId | null) =>
      event<OrganizationEvent, 'StatementKeyChanged'>('StatementKeyChanged', { keyId })
    given(organization, created).when({ type: 'ChangeStatementKey', keyId }).thenEvents(named(keyId))
    expect(given(organization, created, named(keyId)).state).toMatchObject({ statementKeyId: keyId })
    given(organization, created, named(keyId)).when({ type: 'ChangeStatementKey', keyId: null }).thenEvents(named(null))
    expect(given(organization, created, named(keyId), named(null)).state).not.toHaveProperty('statementKeyId')
  })

  itRefuses(organization, { source: 'organization/decider.ts', before: 'export const organizationDecider' }, [
    ['ORGANIZATION_NOT_FOUND', 'what is not there', [], change(control(1))],
    ...[0, 11, 1.5, Number.NaN].map(
      (count) => ['CHANGE_CONTROL_INVALID', `${count} approvals`, [created], change(control(count))] as const,
    ),
    ...[3599, 7_776_001, 4000.5].map(
      (seconds) => ['CHANGE_CONTROL_INVALID', `${seconds} s`, [created], change(control(1, seconds))] as const,
    ),
    ['STATEMENT_KEY_UNCHANGED', 'the key that it has', [created], { type: 'ChangeStatementKey', keyId: null }],
    ['CHANGE_CONTROL_UNREACHABLE', 'too few to approve', [created], change(control(2), 2)],
    ['CHANGE_CONTROL_UNCHANGED', 'what is so', [created], change(null)],
    ['CHANGE_CONTROL_UNCHANGED', 'what is so', [created, changed(control(2))], change(control(2))],
    ['ORGANIZATION_EXISTS', 'a second creation', [created], { type: 'CreateOrganization', organizationId, name: 'x' }],
    ...['', '   ', 'a\u0007b', '\ud800', 'x'.repeat(201), 'a\u202eb'].map(
      (name) =>
        ['NAME_MALFORMED', JSON.stringify(name), [], { type: 'CreateOrganization', organizationId, name }] as const,
    ),
  ])
})
