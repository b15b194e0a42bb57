import { describe, expect, it } from 'vitest'
import {
  fold,
  type OrganizationEvent,
  type OrganizationId,
  organizationDecider as organization,
  type ProjectId,
} from '../../domain/index.ts'
import { event, given, itRefuses } from '../support/decider-spec.ts'
import { fixedUuid } from '../support/submission.ts'

const organizationId = fixedUuid<OrganizationId>('3')
const projectId = fixedUuid<ProjectId>('4')
const created = event<OrganizationEvent, 'OrganizationCreated'>('OrganizationCreated', { organizationId, name: 'Acme' })
const reserved = (slug: string) =>
  event<OrganizationEvent, 'ProjectSlugReserved'>('ProjectSlugReserved', { slug, projectId })

describe('organization', () => {
  it('is created once, with its name trimmed', () => {
    given(organization).when({ type: 'CreateOrganization', organizationId, name: '  Acme ' }).thenEvents(created)
  })

  it('hands out a slug in lower case', () => {
    given(organization, created)
      .when({ type: 'ReserveProjectSlug', slug: 'My.Tool-2_x', projectId })
      .thenEvents(reserved('my.tool-2_x'))
  })

  it('hands out slugs that objects have members of', () => {
    given(organization, created)
      .when({ type: 'ReserveProjectSlug', slug: 'constructor', projectId })
      .thenEvents(reserved('constructor'))
    expect(fold(organization, [created, reserved('constructor'), reserved('tostring')])).toMatchObject({
      projectSlugs: { constructor: projectId, tostring: projectId },
    })
  })

  itRefuses(organization, { source: 'organization/decider.ts', before: 'export const organizationDecider' }, [
    ['ORGANIZATION_EXISTS', 'a second creation', [created], { type: 'CreateOrganization', organizationId, name: 'x' }],
    ['ORGANIZATION_NOT_FOUND', 'a slug before creation', [], { type: 'ReserveProjectSlug', slug: 'x', projectId }],
    [
      'PROJECT_SLUG_TAKEN',
      'a slug in use',
      [created, reserved('x')],
      { type: 'ReserveProjectSlug', slug: 'X', projectId },
    ],
    ...['', '-x', '.x', 'a b', 'ä', '__proto__', 'x'.repeat(101), 'a/b', 'a\n', '\u212a'].map(
      (slug) =>
        ['SLUG_MALFORMED', JSON.stringify(slug), [created], { type: 'ReserveProjectSlug', slug, projectId }] as const,
    ),
    ...['', '   ', 'a\u0007b', '\ud800', 'x'.repeat(201), 'a\u202eb'].map(
      (name) =>
        ['NAME_MALFORMED', JSON.stringify(name), [], { type: 'CreateOrganization', organizationId, name }] as const,
    ),
  ])
})
