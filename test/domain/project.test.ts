import { describe, expect, it } from 'vitest'
import {
  activeProject,
  type OrganizationId,
  type ProjectEvent,
  type ProjectId,
  projectDecider as project,
  type SigningPolicyId,
} from '../../domain/index.ts'
import { event, given, itRefuses, refusalOf } from '../support/decider-spec.ts'
import { fixedUuid } from '../support/submission.ts'

const projectId = fixedUuid<ProjectId>('4')
const signingPolicyId = fixedUuid<SigningPolicyId>('5')
const facts = {
  projectId,
  organizationId: fixedUuid<OrganizationId>('3'),
  slug: 'demo',
  name: 'Demo',
  description: 'For show',
  repositoryUrl: 'https://example.org/demo.git',
}
const create = { type: 'CreateProject', ...facts } as const
const created = event<ProjectEvent, 'ProjectCreated'>('ProjectCreated', facts)
const deactivated = event<ProjectEvent, 'ProjectDeactivated'>('ProjectDeactivated', { reason: 'moved' })
const reactivated = event<ProjectEvent, 'ProjectReactivated'>('ProjectReactivated', {})
const reserved = event<ProjectEvent, 'SigningPolicySlugReserved'>('SigningPolicySlugReserved', {
  slug: 'release',
  signingPolicyId,
})

describe('project', () => {
  it('is created with its slug in lower case and its name trimmed', () => {
    given(project)
      .when({ ...create, slug: 'DEMO', name: ' Demo ' })
      .thenEvents(created)
    given(project)
      .when({ ...create, repositoryUrl: null })
      .thenEvents({ ...created, data: { ...created.data, repositoryUrl: null } })
  })

  it('can be deactivated and reactivated, and is usable only while active', () => {
    given(project, created).when({ type: 'DeactivateProject', reason: 'moved' }).thenEvents(deactivated)
    given(project, created, deactivated).when({ type: 'ReactivateProject' }).thenEvents(reactivated)
    expect(activeProject(given(project, created, deactivated, reactivated).state)).toMatchObject(facts)
    expect(refusalOf(() => activeProject(given(project, created, deactivated).state)).code).toBe('PROJECT_INACTIVE')
    expect(refusalOf(() => activeProject(given(project).state)).code).toBe('PROJECT_NOT_FOUND')
  })

  it('hands out slugs to its signing policies', () => {
    given(project, created)
      .when({ type: 'ReserveSigningPolicySlug', slug: 'Release', signingPolicyId })
      .thenEvents(reserved)
  })

  itRefuses(project, { source: 'project/decider.ts', before: 'export const projectDecider' }, [
    ['PROJECT_EXISTS', 'a second creation', [created], create],
    ['PROJECT_NOT_FOUND', 'deactivation before creation', [], { type: 'DeactivateProject', reason: null }],
    ['PROJECT_INACTIVE', 'a second deactivation', [created, deactivated], { type: 'DeactivateProject', reason: null }],
    ['PROJECT_ACTIVE', 'reactivation of an active one', [created], { type: 'ReactivateProject' }],
    [
      'SIGNING_POLICY_SLUG_TAKEN',
      'a slug in use',
      [created, reserved],
      { type: 'ReserveSigningPolicySlug', slug: 'RELEASE', signingPolicyId },
    ],
    ...[
      '',
      'ftp://example.org',
      'javascript:alert(1)',
      'https://',
      'https://a b',
      'xhttps://a',
      'https://a:b:c/',
      'https://a/\u202e',
      'https://a/\x1b',
      'https://bot:token@example.org/',
      'https://token@example.org/',
      'https://:secret@example.org',
      'https:\\\\a@b',
      `https://a/${'x'.repeat(2000)}`,
    ].map(
      (repositoryUrl) =>
        ['REPOSITORY_URL_MALFORMED', JSON.stringify(repositoryUrl), [], { ...create, repositoryUrl }] as const,
    ),
    ['SLUG_MALFORMED', "the project's", [], { ...create, slug: 'a b' }],
    ['SLUG_MALFORMED', "a policy's", [created], { type: 'ReserveSigningPolicySlug', slug: '!', signingPolicyId }],
    ['NAME_MALFORMED', 'an empty name', [], { ...create, name: '' }],
    ['TEXT_TOO_LONG', 'a description', [], { ...create, description: 'x'.repeat(4001) }],
    ['TEXT_TOO_LONG', 'a reason', [created], { type: 'DeactivateProject', reason: 'x'.repeat(4001) }],
    ['TEXT_MALFORMED', 'a description', [], { ...create, description: 'a\u2069' }],
    ['TEXT_MALFORMED', 'a reason', [created], { type: 'DeactivateProject', reason: '\ud800' }],
  ])
})
