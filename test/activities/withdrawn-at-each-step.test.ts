import { describe, expect, it } from 'vitest'
import {
  certificateDecider,
  fold,
  type KeyId,
  type SigningPolicySettings,
  type SigningRequestId,
  signingRequestDecider,
  streams,
  unrestricted,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { type AttackedOrganization, attackedOrganization, outcome } from '../support/alone/organization.ts'

/** Something that is withdrawn, or changed, while requests are on their way. */
type Withdrawal = {
  readonly withdraw: (organization: AttackedOrganization) => Promise<unknown>
  /** What becomes of a request that was withdrawn from before it had its approvals, and of one that had them. */
  readonly before: string
  readonly after: string
  /** What becomes of one that nobody had approved yet, where that is something else. */
  readonly unapproved?: string
}

const stops = (code: string) => ({ before: code, after: code })
const goesOn = stops('authorised')

async function change(
  { test, bob, policies, settings }: AttackedOrganization,
  changes: (settings: SigningPolicySettings) => Partial<SigningPolicySettings>,
): Promise<unknown> {
  const before = await settings('release')
  const signingPolicyId = policies.release
  const { revision } = await readWholeStream(test.dependencies.log, streams.signingPolicy(signingPolicyId))
  const input = { signingPolicyId, basedOnRevision: Number(revision), settings: { ...before, ...changes(before) } }
  return test.application.updateSigningPolicy(bob, input)
}

/** Demands one approval more than before, and names somebody more who can give it. */
const demandMore = (organization: AttackedOrganization) =>
  change(organization, ({ approval }) => ({
    approval: approval && {
      ...approval,
      approvers: [...approval.approvers, { user: organization.bob.userId }],
      requiredApprovals: 3,
    },
  }))

async function releaseKey({ test, releaseCertificate }: AttackedOrganization): Promise<KeyId> {
  const { events } = await readWholeStream(test.dependencies.log, streams.certificate(releaseCertificate))
  const certificate = fold(certificateDecider, events)
  if (certificate.status === 'none') throw new Error('There is no such certificate.')
  return certificate.keyId
}

/** Restricts the certificate of releases, of which no policy may make use that demands less. */
async function restrict(organization: AttackedOrganization, minimumApprovals: number): Promise<void> {
  const { test, bob, policies, releaseCertificate: certificateId } = organization
  await test.application.deactivateSigningPolicy(bob, { signingPolicyId: policies.shelved, reason: null })
  const restrictions = { ...unrestricted, minimumApprovals }
  await test.application.restrictCertificate(bob, { certificateId, restrictions })
}

const reason = null
const withdrawals: Readonly<Record<string, Withdrawal>> = {
  'nothing is withdrawn': { withdraw: async () => undefined, ...goesOn },
  'the policy is deactivated': {
    withdraw: ({ test, bob, policies }) =>
      test.application.deactivateSigningPolicy(bob, { signingPolicyId: policies.release, reason }),
    ...stops('SIGNING_POLICY_INACTIVE'),
  },
  'the policy is deactivated and reactivated': {
    async withdraw({ test: { application }, bob, policies: { release: signingPolicyId } }) {
      await application.deactivateSigningPolicy(bob, { signingPolicyId, reason })
      await application.reactivateSigningPolicy(bob, { signingPolicyId })
    },
    ...goesOn,
  },
  'the policy demands more approvals from now on': {
    withdraw: demandMore,
    ...goesOn,
  },
  'the policy demands no approvals any more': {
    withdraw: (organization) => change(organization, () => ({ approval: null })),
    ...goesOn,
  },
  'the policy does not name the submitter any more': {
    withdraw: (organization) =>
      change(organization, () => ({ submitters: [{ user: organization.dora.userId }], approval: null })),
    ...goesOn,
  },
  'the policy gets another certificate': {
    withdraw: async (organization) => {
      const { certificateId } = await organization.settings('tryout')
      await change(organization, () => ({ certificateId }))
    },
    ...goesOn,
  },
  'the certificate is disabled': {
    withdraw: ({ test, bob, releaseCertificate: certificateId }) =>
      test.application.disableCertificate(bob, { certificateId, reason }),
    ...stops('CERTIFICATE_DISABLED'),
  },
  'the certificate is disabled and enabled': {
    async withdraw({ test: { application }, bob, releaseCertificate: certificateId }) {
      await application.disableCertificate(bob, { certificateId, reason })
      await application.enableCertificate(bob, { certificateId, reason })
    },
    ...goesOn,
  },
  'the certificate is restricted to policies that demand more than the request': {
    async withdraw(organization) {
      await demandMore(organization)
      await restrict(organization, 3)
    },
    ...stops('CERTIFICATE_RESTRICTIONS_UNMET'),
  },
  'the certificate is restricted to what the request demands': {
    withdraw: (organization) => restrict(organization, 2),
    ...goesOn,
  },
  'the certificate ends': {
    withdraw: async ({ test: { clock } }) => {
      clock.now = '2091-01-01T00:00:00.000Z'
    },
    ...stops('CERTIFICATE_EXPIRED'),
  },
  'the key is disabled': {
    withdraw: async (organization) =>
      organization.test.application.disableKey(organization.bob, { keyId: await releaseKey(organization), reason }),
    ...stops('KEY_DISABLED'),
  },
  'the project is deactivated': {
    withdraw: ({ test, bob, projectId }) => test.application.deactivateProject(bob, { projectId, reason }),
    ...stops('PROJECT_INACTIVE'),
  },
  'the project is deactivated and reactivated': {
    async withdraw({ test: { application }, bob, projectId }) {
      await application.deactivateProject(bob, { projectId, reason })
      await application.reactivateProject(bob, { projectId })
    },
    ...goesOn,
  },
  'the submitter, a CI user, is deactivated': {
    withdraw: ({ test, bob, robot }) => test.application.deactivateUser(bob, { userId: robot.userId, reason }),
    ...stops('SUBMITTER_DEACTIVATED'),
  },
  'the submitter is deactivated and reactivated': {
    async withdraw({ test: { application }, bob, robot: { userId } }) {
      await application.deactivateUser(bob, { userId, reason })
      await application.reactivateUser(bob, { userId })
    },
    ...goesOn,
  },
  'the submitter is erased': {
    withdraw: ({ test, bob, robot }) => test.application.eraseUser(bob, { userId: robot.userId }),
    ...stops('SUBMITTER_DEACTIVATED'),
  },
  // The account is the CI user's: whoever takes over from a colleague need not submit anew what is under way.
  'the person who is responsible for the submitter is deactivated': {
    withdraw: ({ test, bob, me }) => test.application.deactivateUser(bob, { userId: me.userId, reason }),
    ...goesOn,
  },
  'the token of an approver is revoked': {
    withdraw: ({ test, dora }) => {
      if (dora.authentication.method !== 'apiToken') throw new Error('It is no token.')
      const { tokenId } = dora.authentication
      return test.application.revokeApiToken(dora, { userId: dora.userId, tokenId })
    },
    ...goesOn,
  },
  'an approver is deactivated': {
    withdraw: ({ test, bob, dora }) => test.application.deactivateUser(bob, { userId: dora.userId, reason }),
    before: 'APPROVER_DEACTIVATED',
    after: 'authorised',
    unapproved: 'QUORUM_NOT_REACHED',
  },
  'an approver is erased': {
    withdraw: ({ test, bob, dora }) => test.application.eraseUser(bob, { userId: dora.userId }),
    before: 'APPROVER_DEACTIVATED',
    after: 'authorised',
    unapproved: 'QUORUM_NOT_REACHED',
  },
  'an approver leaves the group of approvers': {
    withdraw: ({ test, bob, dora, approvers: groupId }) =>
      test.application.changeGroupMembers(bob, { groupId, add: [], remove: [dora.userId] }),
    before: 'APPROVER_NOT_IN_GROUP',
    after: 'authorised',
    unapproved: 'QUORUM_NOT_REACHED',
  },
  'changes of rules are controlled from now on': {
    withdraw: ({ test, bob }) =>
      test.application.changeChangeControl(bob, { changeControl: { requiredApprovals: 1, lifetimeSeconds: 86_400 } }),
    ...goesOn,
  },
  'an administrator who made these rules loses the role': {
    withdraw: ({ test, bob, cleo }) =>
      test.application.withdrawGlobalRole(bob, { userId: cleo.userId, role: 'globalAdministrator' }),
    ...goesOn,
  },
}

/** What happens to a request on its way to its signature, one event each. */
type Step = (organization: AttackedOrganization, id: SigningRequestId) => Promise<unknown>

async function start({ test, releaseCertificate }: AttackedOrganization, id: SigningRequestId) {
  const { log } = test.dependencies
  const state = fold(signingRequestDecider, (await readWholeStream(log, streams.signingRequest(id))).events)
  const certificate = fold(
    certificateDecider,
    (await readWholeStream(log, streams.certificate(releaseCertificate))).events,
  )
  if (state.workflowStatus === 'none' || state.plan === null || certificate.status === 'none') return
  const { digest: planDigest, certificateThumbprint } = state.plan
  const { keyId, certificateId } = certificate
  await test.tell(id, { type: 'StartSigning', planDigest, certificateId, certificateThumbprint, keyId })
}

const steps: readonly (readonly [name: string, step: Step])[] = [
  ['submitted', async () => undefined],
  ['retrieved', ({ retrieve }, id) => retrieve(id)],
  ['planned', ({ plan }, id) => plan(id)],
  ['approved by one', ({ approve, dora }, id) => approve(dora, id)],
  ['approved by two', ({ approve, emil }, id) => approve(emil, id)],
  ['begun to be signed', start],
]

describe.each(Object.entries(withdrawals))('when %s', (_, { withdraw, before, after, unapproved = before }) => {
  it('a request goes on, or ends with its code, wherever it was', async () => {
    const organization = await attackedOrganization([], 0)
    const requests: SigningRequestId[] = []
    for (const [index] of steps.entries()) {
      const id = await organization.submitOnly(organization.robot)
      for (const [, step] of steps.slice(0, index + 1)) await step(organization, id)
      requests.push(id)
    }
    await withdraw(organization)
    const found: Record<string, string> = {}
    for (const [index, [name]] of steps.entries()) {
      const id = requests[index] as SigningRequestId
      for (const [, step] of steps.slice(index + 1)) await outcome(step(organization, id))
      found[name] = await organization.askSigner(id)
    }
    expect(found).toEqual({
      submitted: unapproved,
      retrieved: unapproved,
      planned: unapproved,
      'approved by one': before,
      'approved by two': after,
      'begun to be signed': after,
    })
  })
})
