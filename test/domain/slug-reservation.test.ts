import { describe, it } from 'vitest'
import {
  trustedBuildSystemSlugDecider as buildSystemSlug,
  type OrganizationId,
  type ProjectId,
  projectSlugDecider as projectSlug,
  type SigningPolicyId,
  type SlugEvent,
  signingPolicySlugDecider as signingPolicySlug,
  type TrustedBuildSystemId,
} from '../../domain/index.ts'
import { event, given, itRefuses } from '../support/decider-spec.ts'
import { fixedUuid } from '../support/submission.ts'

const organizationId = fixedUuid<OrganizationId>('3')
const projectId = fixedUuid<ProjectId>('4')
const signingPolicyId = fixedUuid<SigningPolicyId>('5')
const source = 'slug-reservation.ts'
const malformed = ['', '-x', '.x', 'a b', 'ä', '__proto__', 'x'.repeat(101), 'a/b', 'a\n', '\u212a']

describe("a project's slug", () => {
  const reserve = { type: 'ReserveProjectSlug', organizationId, slug: 'My.Tool-2_x', projectId } as const
  const reserved = event<SlugEvent, 'ProjectSlugReserved'>('ProjectSlugReserved', {
    organizationId,
    slug: 'my.tool-2_x',
    projectId,
  })

  it('is reserved in lower case', () => {
    given(projectSlug).when(reserve).thenEvents(reserved)
  })

  itRefuses(projectSlug, { source, before: 'export const projectSlugDecider' }, [
    ['PROJECT_SLUG_TAKEN', 'another project', [reserved], { ...reserve, projectId: fixedUuid<ProjectId>('6') }],
    ['PROJECT_SLUG_TAKEN', 'a second reservation', [reserved], reserve],
    ...malformed.map((slug) => ['SLUG_MALFORMED', JSON.stringify(slug), [], { ...reserve, slug }] as const),
  ])
})

describe("a signing policy's slug", () => {
  const reserve = { type: 'ReserveSigningPolicySlug', projectId, slug: 'Release', signingPolicyId } as const
  const reserved = event<SlugEvent, 'SigningPolicySlugReserved'>('SigningPolicySlugReserved', {
    projectId,
    slug: 'release',
    signingPolicyId,
  })

  it('is reserved in lower case', () => {
    given(signingPolicySlug).when(reserve).thenEvents(reserved)
  })

  itRefuses(signingPolicySlug, { source, before: 'export const signingPolicySlugDecider' }, [
    [
      'SIGNING_POLICY_SLUG_TAKEN',
      'another policy',
      [reserved],
      { ...reserve, signingPolicyId: fixedUuid<SigningPolicyId>('6') },
    ],
    ['SIGNING_POLICY_SLUG_TAKEN', 'a second reservation', [reserved], reserve],
    ...malformed.map((slug) => ['SLUG_MALFORMED', JSON.stringify(slug), [], { ...reserve, slug }] as const),
  ])
})

describe("a trusted build system's slug", () => {
  const trustedBuildSystemId = fixedUuid<TrustedBuildSystemId>('5')
  const reserve = {
    type: 'ReserveTrustedBuildSystemSlug',
    organizationId,
    slug: 'Jenkins',
    trustedBuildSystemId,
  } as const
  const reserved = event<SlugEvent, 'TrustedBuildSystemSlugReserved'>('TrustedBuildSystemSlugReserved', {
    organizationId,
    slug: 'jenkins',
    trustedBuildSystemId,
  })

  it('is reserved in lower case', () => {
    given(buildSystemSlug).when(reserve).thenEvents(reserved)
  })

  itRefuses(buildSystemSlug, { source, before: 'export const trustedBuildSystemSlugDecider' }, [
    [
      'TRUSTED_BUILD_SYSTEM_SLUG_TAKEN',
      'another build system',
      [reserved],
      { ...reserve, trustedBuildSystemId: fixedUuid<TrustedBuildSystemId>('6') },
    ],
    ['TRUSTED_BUILD_SYSTEM_SLUG_TAKEN', 'a second reservation', [reserved], reserve],
    ...malformed.map((slug) => ['SLUG_MALFORMED', JSON.stringify(slug), [], { ...reserve, slug }] as const),
  ])
})
