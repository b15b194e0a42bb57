import { describe, expect, it } from 'vitest'
import {
  existingOrganization,
  type OrganizationEvent,
  type OrganizationId,
  organizationDecider as organization,
} from '../../domain/index.ts'
import { event, given, itRefuses, refusalOf } from '../support/decider-spec.ts'
import { fixedUuid } from '../support/submission.ts'

const organizationId = fixedUuid<OrganizationId>('3')
const created = event<OrganizationEvent, 'OrganizationCreated'>('OrganizationCreated', { organizationId, name: 'Acme' })

describe('organization', () => {
  it('is created once, with its name trimmed', () => {
    given(organization).when({ type: 'CreateOrganization', organizationId, name: '  Acme ' }).thenEvents(created)
  })

  it('is there for whoever asks once it was created', () => {
    expect(existingOrganization(given(organization, created).state)).toMatchObject({ organizationId, name: 'Acme' })
    expect(refusalOf(() => existingOrganization(given(organization).state)).code).toBe('ORGANIZATION_NOT_FOUND')
  })

  itRefuses(organization, { source: 'organization/decider.ts', before: 'export const organizationDecider' }, [
    ['ORGANIZATION_EXISTS', 'a second creation', [created], { type: 'CreateOrganization', organizationId, name: 'x' }],
    ...['', '   ', 'a\u0007b', '\ud800', 'x'.repeat(201), 'a\u202eb'].map(
      (name) =>
        ['NAME_MALFORMED', JSON.stringify(name), [], { type: 'CreateOrganization', organizationId, name }] as const,
    ),
  ])
})
