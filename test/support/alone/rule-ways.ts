import { randomUUID } from 'node:crypto'
import { signingPolicySlugStream } from '../../../application/slug-streams.ts'
import {
  type SigningPolicyId,
  type SigningPolicySettings,
  type SigningRequestId,
  streams,
  unrestricted,
} from '../../../domain/index.ts'
import { readWholeStream } from '../../../event-log/index.ts'
import { type AttackedOrganization, event, outcome, type PolicyName, proposed } from './organization.ts'
import type { Way } from './way.ts'

/** Asks for other settings of a policy. */
async function update(
  { test, me, policies, settings }: AttackedOrganization,
  policy: PolicyName,
  change: (settings: SigningPolicySettings) => Partial<SigningPolicySettings>,
  basedOnRevision = 0,
): Promise<string> {
  const before = await settings(policy)
  const input = { signingPolicyId: policies[policy], basedOnRevision, settings: { ...before, ...change(before) } }
  return outcome(test.application.updateSigningPolicy(me, input))
}

/** Forces other settings of a policy, and answers what the signer makes of the person's own request. */
async function forceSettings(
  organization: AttackedOrganization,
  policy: PolicyName,
  change: (settings: SigningPolicySettings) => Partial<SigningPolicySettings>,
  { version = 2 }: { readonly version?: number } = {},
): Promise<string> {
  const { me, policies, settings, force, submit, askSigner } = organization
  const before = await settings(policy)
  const changed = event('SigningPolicyChanged', { version, settings: { ...before, ...change(before) } })
  await force(streams.signingPolicy(policies[policy]), [changed], me)
  return askSigner(await submit(me, policy))
}

const noApprovals = () => ({ approval: null })
const alone = ({ approval }: SigningPolicySettings) => ({
  approval: approval && { ...approval, requiredApprovals: 1, submitterMayApprove: true },
})

/** The person changes what a signature rests on: policies, projects, certificates. */
export const waysByRules: Readonly<Record<string, Way>> = {
  'lets the policy ask for no approvals': {
    ask: async (organization) => [await update(organization, 'release', noApprovals)],
    answers: ['proposed'],
    force: (organization) => forceSettings(organization, 'release', noApprovals),
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'lets the policy ask for no approvals, by a version that is counted wrongly': {
    force: (organization) => forceSettings(organization, 'release', noApprovals, { version: 99 }),
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'lets the policy ask for their own approval': {
    ask: async (organization) => [await update(organization, 'release', alone)],
    answers: ['proposed'],
    async force({ me, policies, settings, force, submit, approve, askSigner }) {
      const before = await settings('release')
      const changed = event('SigningPolicyChanged', { version: 2, settings: { ...before, ...alone(before) } })
      await force(streams.signingPolicy(policies.release), [changed], me)
      const id = await submit(me)
      await approve(me, id)
      return askSigner(id)
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'tells the service of another revision than there is': {
    ask: async (organization) => [
      await update(organization, 'release', noApprovals, 7),
      await update(organization, 'release', noApprovals, -1),
    ],
    answers: ['CHANGE_STALE', 'CHANGE_STALE'],
  },
  'begins the policy anew': {
    async force({ test, me, policies, projectId, settings, force, submit, askSigner }) {
      const { organizationId } = test.setup
      const facts = { signingPolicyId: policies.release, organizationId, projectId, slug: 'release' }
      const begun = event('SigningPolicyCreated', {
        ...facts,
        settings: { ...(await settings('release')), approval: null },
      })
      await force(streams.signingPolicy(policies.release), [begun], me)
      return askSigner(await submit(me))
    },
    refusal: 'QUORUM_NOT_REACHED',
  },
  'gives the certificate of releases to the policy for tests': {
    ask: async (organization) => {
      const { releaseCertificate: certificateId } = organization
      return [await update(organization, 'tryout', () => ({ certificateId }))]
    },
    answers: ['proposed'],
    force: (organization) =>
      forceSettings(organization, 'tryout', () => ({ certificateId: organization.releaseCertificate })),
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'makes a policy of their own with the certificate of releases': {
    ask: async ({ test, me, projectId, settings }) => {
      const own = { ...(await settings('release')), approval: null }
      return [await outcome(test.application.createSigningPolicy(me, { projectId, slug: 'own', settings: own }))]
    },
    answers: ['proposed'],
    async force({ test, me, projectId, settings, force, submit, askSigner }) {
      const own = { ...(await settings('release')), approval: null }
      const signingPolicyId = randomUUID() as SigningPolicyId
      const facts = { signingPolicyId, organizationId: test.setup.organizationId, projectId, slug: 'own' }
      const reserved = event('SigningPolicySlugReserved', { projectId, slug: 'own', signingPolicyId })
      await force(signingPolicySlugStream(projectId, 'own'), [reserved], me)
      const created = event('SigningPolicyCreated', { ...facts, settings: own })
      await force(streams.signingPolicy(signingPolicyId), [created], me)
      return askSigner(await submit(me, 'own'))
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'puts a policy into use again that was put out of it': {
    ask: async ({ test, me, policies: { retired: signingPolicyId } }) => [
      await outcome(test.application.reactivateSigningPolicy(me, { signingPolicyId })),
    ],
    answers: ['proposed'],
    async force({ me, policies, force, submit, askSigner }) {
      await force(streams.signingPolicy(policies.retired), [event('SigningPolicyReactivated')], me)
      return askSigner(await submit(me, 'retired'))
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'puts a project into use again that was put out of it': {
    ask: async ({ test, me, shelvedProjectId: projectId }) => [
      await outcome(test.application.reactivateProject(me, { projectId })),
    ],
    answers: ['proposed'],
    async force({ me, shelvedProjectId, force, submit, askSigner }) {
      await force(streams.project(shelvedProjectId), [event('ProjectReactivated')], me)
      return askSigner(await submit(me, 'shelved'))
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'enables a certificate that somebody disabled in an emergency': {
    ask: async ({ test: { application }, me, bob, releaseCertificate: certificateId }) => {
      await application.disableCertificate(bob, { certificateId, reason: 'Stolen?' })
      return [await outcome(application.enableCertificate(me, { certificateId, reason: null }))]
    },
    answers: ['proposed'],
    async force({ test: { application }, me, dora, emil, bob, releaseCertificate, force, submit, approve, askSigner }) {
      const id = await submit(me)
      for (const approver of [dora, emil]) await approve(approver, id)
      await application.disableCertificate(bob, { certificateId: releaseCertificate, reason: 'Stolen?' })
      await force(streams.certificate(releaseCertificate), [event('CertificateEnabled', { reason: null })], me)
      return askSigner(id)
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'frees the certificate of what it demands of policies': {
    ask: async ({ test: { application }, me, releaseCertificate: certificateId }) => [
      await outcome(application.restrictCertificate(me, { certificateId, restrictions: unrestricted })),
    ],
    answers: ['proposed'],
    async force({ me, releaseCertificate, force, submit, dora, emil, approve, askSigner }) {
      const restrict = (minimumApprovals: number) =>
        event('CertificateRestrictionsChanged', { restrictions: { ...unrestricted, minimumApprovals } })
      await force(streams.certificate(releaseCertificate), [restrict(3), restrict(0)], me)
      const id = await submit(me)
      for (const approver of [dora, emil]) await approve(approver, id)
      return askSigner(id)
    },
    refusal: 'RULE_CHANGE_NOT_APPROVED',
  },
  'has a policy changed while their request waits': {
    async force({ me, policies, settings, force, submit, askSigner }) {
      const id = await submit(me)
      const free = { ...(await settings('release')), approval: null }
      const changed = event('SigningPolicyChanged', { version: 2, settings: free })
      await force(streams.signingPolicy(policies.release), [changed], me)
      return askSigner(id)
    },
    refusal: 'QUORUM_NOT_REACHED',
  },
  'submits by a version of the policy that was given up': {
    async force({ test, me, bob, cleo, policies, settings, force, submit, askSigner }) {
      const { application, clock, dependencies } = test
      const old = await submit(me, 'tryout')
      const { approval } = await settings('release')
      const stricter = { ...(await settings('tryout')), approval }
      const input = { signingPolicyId: policies.tryout, basedOnRevision: 0, settings: stricter }
      const changeProposalId = await proposed(application.updateSigningPolicy(bob, input))
      await application.approveChange(cleo, { changeProposalId, comment: null })
      clock.now = '2026-03-01T12:10:00.000Z'
      // As whoever can start workflows has a worker write it.
      const { events } = await readWholeStream(dependencies.log, streams.signingRequest(old))
      const signingRequestId = randomUUID() as SigningRequestId
      const copies = events.map(({ type, data }) => ({
        type,
        data: 'signingRequestId' in data ? { ...data, signingRequestId } : data,
      }))
      await force(streams.signingRequest(signingRequestId), copies, me)
      return askSigner(signingRequestId)
    },
    refusal: 'POLICY_MISMATCH',
  },
}
