import {
  fold,
  type GrantEvent,
  type GrantFacts,
  type GrantId,
  type SigningPolicyEvent,
  type SigningPolicySettings,
  signingPolicyDecider,
} from '../../domain/index.ts'
import { event } from './decider-spec.ts'
import { aPlan, aSubmission, fixedUuid, people, references } from './submission.ts'

/** A submission that {@link aGrant} is for. */
export const grantedSubmission = aSubmission({ version: '2.1' })

/** A grant of Anna's for three requests in January. */
export const aGrant: GrantFacts = {
  grantId: fixedUuid<GrantId>('7'),
  organizationId: grantedSubmission.organizationId,
  projectId: grantedSubmission.projectId,
  signingPolicyId: grantedSubmission.signingPolicyId,
  signingPolicyVersion: 1,
  certificateThumbprint: aPlan.certificateThumbprint,
  giver: people.anna,
  from: '2026-01-01T00:00:00.000Z',
  until: '2026-02-01T00:00:00.000Z',
  maximumRequests: 3,
  fileNames: ['setup*.exe'],
  versions: ['2.*'],
  branches: [],
  comment: null,
}

/** The settings of the policy that it is for. */
export const grantedSettings: SigningPolicySettings = {
  name: 'Release',
  certificateId: grantedSubmission.certificateId,
  submitters: references(people.submitter),
  approval: grantedSubmission.approval,
  timestamp: 'required',
  release: false,
  existingSignatures: ['replace'],
}

/** The policy that it is for, with these versions of its settings. */
export function grantedPolicy(...versions: readonly SigningPolicySettings[]) {
  const { signingPolicyId, organizationId, projectId } = grantedSubmission
  const [first = grantedSettings, ...later] = versions
  const facts = { signingPolicyId, organizationId, projectId, slug: 'release' }
  return fold(signingPolicyDecider, [
    event<SigningPolicyEvent, 'SigningPolicyCreated'>('SigningPolicyCreated', { ...facts, settings: first }),
    ...later.map((settings, index) =>
      event<SigningPolicyEvent, 'SigningPolicyChanged'>('SigningPolicyChanged', { version: index + 2, settings }),
    ),
  ])
}

/** That it was given, with anything changed. */
export function grantGiven(changes: Partial<GrantFacts> = {}) {
  return event<GrantEvent, 'GrantGiven'>('GrantGiven', { ...aGrant, ...changes })
}
