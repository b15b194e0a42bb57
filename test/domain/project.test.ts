import { describe, expect, it } from 'vitest'
import {
  activeProject,
  type GroupId,
  type OrganizationId,
  type ProjectEvent,
  type ProjectId,
  projectDecider as project,
  type UserId,
} from '../../domain/index.ts'
import { event, given, itRefuses, refusalOf } from '../support/decider-spec.ts'
import { fixedUuid, people, references } from '../support/submission.ts'

const projectId = fixedUuid<ProjectId>('4')
const facts = {
  projectId,
  organizationId: fixedUuid<OrganizationId>('3'),
  slug: 'demo',
  name: 'Demo',
  description: 'For show',
  repositoryUrl: 'https://example.org/demo.git',
}
const noMembers = { readers: [], configurators: [] }
const create = { type: 'CreateProject', ...facts, ...noMembers } as const
const created = event<ProjectEvent, 'ProjectCreated'>('ProjectCreated', facts)
const { anna, bert } = people
const settings = {
  name: 'Demo',
  description: null,
  repositoryUrl: facts.repositoryUrl,
  readers: references(anna),
  configurators: [{ group: fixedUuid<GroupId>('7') }],
}
const { repositoryUrl: _, ...withoutRepository } = settings
const change = { type: 'ChangeProject', ...settings } as const
const changed = event<ProjectEvent, 'ProjectChanged'>('ProjectChanged', withoutRepository)
const many = Array.from({ length: 101 }, (_, index) => ({
  user: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}` as UserId,
}))
const deactivated = event<ProjectEvent, 'ProjectDeactivated'>('ProjectDeactivated', { reason: 'moved' })
const reactivated = event<ProjectEvent, 'ProjectReactivated'>('ProjectReactivated', {})

describe('project', () => {
  it('is created with its slug in lower case and its name trimmed', () => {
    given(project)
      .when({ ...create, slug: 'DEMO', name: ' Demo ' })
      .thenEvents(created)
    given(project)
      .when({ ...create, repositoryUrl: null })
      .thenEvents({ ...created, data: { ...created.data, repositoryUrl: null } })
  })

  it.each([
    ['https://bücher.example', 'https://xn--bcher-kva.example/'],
    [
      'https://例え.テスト/プロジェクト',
      'https://xn--r8jz45g.xn--zckzah/%E3%83%97%E3%83%AD%E3%82%B8%E3%82%A7%E3%82%AF%E3%83%88',
    ],
    ['https://example.org/Bücher/ä?q=ö#ü', 'https://example.org/B%C3%BCcher/%C3%A4?q=%C3%B6#%C3%BC'],
    ['https://example.org/👩‍🔧', 'https://example.org/%F0%9F%91%A9%E2%80%8D%F0%9F%94%A7'],
    ['https://example.org/a|b"c<d>e^f`g{h}', 'https://example.org/a%7Cb%22c%3Cd%3Ee%5Ef%60g%7Bh%7D'],
    ['http://[2001:db8::1]:8080/é', 'http://[2001:db8::1]:8080/%C3%A9'],
    // What is one already stays as it was written.
    ['https://Example.org:443/a/../b?x=[1]&y=%C3%BC#z', 'https://Example.org:443/a/../b?x=[1]&y=%C3%BC#z'],
  ])('keeps %s in the form that a signature carries: %s', (repositoryUrl, kept) => {
    given(project)
      .when({ ...create, repositoryUrl })
      .thenEvents({ ...created, data: { ...created.data, repositoryUrl: kept } })
  })

  it('refuses an address that is too long in that form, or has no such form', () => {
    for (const repositoryUrl of [
      `https://example.org/${'ü'.repeat(400)}`,
      `https://example.org/${'x'.repeat(2000)}`,
      'https://\u200b.example/',
      'https://bü cher.example/',
      'https://bücher.example\u3000/',
      'https://example.org/\ud83d',
      'https://example.org/a\u202eb',
      'https://example.org/\u0000',
      'https://bücher@example.org/',
      'ftp://bücher.example/',
      'https://',
    ])
      expect(
        refusalOf(() => project.decide({ ...create, repositoryUrl }, project.initialState())),
        JSON.stringify(repositoryUrl),
      ).toMatchObject({ code: 'REPOSITORY_URL_MALFORMED' })
  })

  it('has readers and configurators from the beginning, when it is made with some', () => {
    const members = { readers: settings.readers, configurators: settings.configurators }
    given(project)
      .when({ ...create, ...members })
      .thenEvents({ ...created, data: { ...created.data, ...members } })
    expect(given(project, { ...created, data: { ...created.data, ...members } }).state).toMatchObject(members)
    expect(given(project, created).state).toMatchObject(noMembers)
  })

  it('is changed as a whole, also while it is inactive, and keeps its slug', () => {
    given(project, created).when(change).thenEvents(changed)
    given(project, created, deactivated).when(change).thenEvents(changed)
    expect(given(project, created, changed).state).toEqual({ ...facts, ...settings, status: 'valid' })
  })

  it('says another repository by an event of its own, with all the rest', () => {
    const moved = { ...settings, repositoryUrl: 'https://example.org/moved.git' }
    const event = { type: 'ProjectRepositoryChanged', data: { schemaVersion: 1, ...moved } } as const
    given(project, created)
      .when({ ...change, ...moved })
      .thenEvents(event)
    expect(given(project, created, event).state).toEqual({ ...facts, ...moved, status: 'valid' })
    given(project, created, changed)
      .when({ ...change, repositoryUrl: null })
      .thenEvents({ type: 'ProjectRepositoryChanged', data: { schemaVersion: 1, ...settings, repositoryUrl: null } })
  })

  it('names as many readers as a list may have', () => {
    given(project, created)
      .when({ ...change, readers: many.slice(1) })
      .thenEvents({ ...changed, data: { ...changed.data, readers: many.slice(1) } })
  })

  it('can be deactivated and reactivated, and is usable only while active', () => {
    given(project, created).when({ type: 'DeactivateProject', reason: 'moved' }).thenEvents(deactivated)
    given(project, created, deactivated).when({ type: 'ReactivateProject' }).thenEvents(reactivated)
    expect(activeProject(given(project, created, deactivated, reactivated).state)).toMatchObject(facts)
    expect(refusalOf(() => activeProject(given(project, created, deactivated).state)).code).toBe('PROJECT_INACTIVE')
    expect(refusalOf(() => activeProject(given(project).state)).code).toBe('PROJECT_NOT_FOUND')
  })

  itRefuses(project, { source: 'project/decider.ts', before: 'export const projectDecider' }, [
    ['PROJECT_EXISTS', 'a second creation', [created], create],
    ['PROJECT_NOT_FOUND', 'deactivation before creation', [], { type: 'DeactivateProject', reason: null }],
    ['PROJECT_INACTIVE', 'a second deactivation', [created, deactivated], { type: 'DeactivateProject', reason: null }],
    ['PROJECT_NOT_FOUND', 'a change before creation', [], change],
    ['PROJECT_UNCHANGED', 'a change to what it is', [created, changed], change],
    ['PROJECT_TOO_LARGE', 'too many readers', [created], { ...change, readers: many }],
    ['PROJECT_TOO_LARGE', 'too many configurators', [], { ...create, configurators: many }],
    ['MEMBERS_REPEATED', 'a reader named twice', [created], { ...change, readers: references(bert, anna, bert) }],
    ['REPOSITORY_URL_MALFORMED', 'another repository', [created], { ...change, repositoryUrl: 'ssh://git@a/b' }],
    ['NAME_MALFORMED', 'another name', [created], { ...change, name: ' ' }],
    ['PROJECT_ACTIVE', 'reactivation of an active one', [created], { type: 'ReactivateProject' }],
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
    ['SLUG_MALFORMED', 'a blank', [], { ...create, slug: 'a b' }],
    ['NAME_MALFORMED', 'an empty name', [], { ...create, name: '' }],
    ['TEXT_TOO_LONG', 'a description', [], { ...create, description: 'x'.repeat(4001) }],
    ['TEXT_TOO_LONG', 'a reason', [created], { type: 'DeactivateProject', reason: 'x'.repeat(4001) }],
    ['TEXT_MALFORMED', 'a description', [], { ...create, description: 'a\u2069' }],
    ['TEXT_MALFORMED', 'a reason', [created], { type: 'DeactivateProject', reason: '\ud800' }],
  ])
})
