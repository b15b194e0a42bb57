import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { issueCertificate } from '../../activities/issue-certificate.ts'
import { handleCommand } from '../../application/handle-command.ts'
import {
  type Certificate,
  type CertificateCommand,
  type CertificateId,
  certificateDecider,
  fold,
  keyDecider,
  projectDecider,
  type SigningPolicyCommand,
  type SigningPolicySettings,
  type SigningRequestId,
  signingPolicyDecider,
  streams,
  type TrustedBuildSystemCommand,
  trustedBuildSystemDecider,
  type UserCommand,
  unrestricted,
  userDecider,
} from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { newCertificate, useCertificate } from '../support/certificates.ts'
import { withMoments } from '../support/moments.ts'
import { signAtMoments } from '../support/sign-at-moments.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { otherDigest, type TestOrganization, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

/** What can be withdrawn while a request is signed. */
type Withdrawal = {
  /** What the signer says of it. */
  readonly code: string
  /** Whether the policy demands a trusted build system. */
  readonly buildSystem?: true
  /** Brings it about. */
  readonly withdraw: (organization: TestOrganization, signingRequestId: SigningRequestId) => Promise<unknown>
  /** Makes new requests possible again. */
  readonly restore: (organization: TestOrganization) => Promise<unknown>
}

const tellPolicy = ({ signer, setup, signingPolicyId }: TestOrganization, command: SigningPolicyCommand) =>
  handleCommand(signer, setup, streams.signingPolicy(signingPolicyId), signingPolicyDecider, command)

const tellSubmitter = ({ signer, setup, submitter }: TestOrganization, command: UserCommand) =>
  handleCommand(signer, setup, streams.user(submitter), userDecider, command)

const tellBuildSystem = ({ signer, setup, vouched }: TestOrganization, command: TrustedBuildSystemCommand) => {
  if (vouched === undefined) throw new Error('There is no build system')
  const stream = streams.trustedBuildSystem(vouched.vouchedBy.trustedBuildSystemId)
  return handleCommand(signer, setup, stream, trustedBuildSystemDecider, command)
}

const withdrawals: Readonly<Record<string, Withdrawal>> = {
  'the certificate is disabled': {
    code: 'CERTIFICATE_DISABLED',
    withdraw: async (organization) => {
      const { signer, setup } = organization
      const { certificateId } = await policySettings(organization)
      const command = { type: 'DisableCertificate', reason: null } as const
      await handleCommand(signer, setup, streams.certificate(certificateId), certificateDecider, command)
    },
    restore: giveCertificate,
  },
  'the key of the certificate is disabled': {
    code: 'KEY_DISABLED',
    withdraw: async (organization) => {
      const { signer, setup } = organization
      const { certificateId } = await policySettings(organization)
      const { events } = await readWholeStream(signer.log, streams.certificate(certificateId))
      const keyId = (fold(certificateDecider, events) as Certificate).keyId
      await handleCommand(signer, setup, streams.key(keyId), keyDecider, { type: 'DisableKey', reason: null })
    },
    restore: giveCertificate,
  },
  'the certificate is restricted to policies that demand more': {
    code: 'CERTIFICATE_RESTRICTIONS_UNMET',
    withdraw: async (organization) => {
      const { signer, setup } = organization
      const { certificateId } = await policySettings(organization)
      const restrictions = { ...unrestricted, minimumApprovals: 1 }
      // As if the policy was given the certificate at the same moment.
      const command = { type: 'ChangeRestrictions', restrictions, policies: [] } as const
      await handleCommand(signer, setup, streams.certificate(certificateId), certificateDecider, command)
    },
    restore: giveCertificate,
  },
  'the signing policy is deactivated': {
    code: 'SIGNING_POLICY_INACTIVE',
    withdraw: (organization) => tellPolicy(organization, { type: 'DeactivateSigningPolicy', reason: null }),
    restore: async (organization) =>
      tellPolicy(organization, {
        type: 'ReactivateSigningPolicy',
        ...inContext(organization, (await policySettings(organization)).certificateId),
      }),
  },
  'the project is deactivated': {
    code: 'PROJECT_INACTIVE',
    withdraw: ({ signer, setup, projectId }) =>
      handleCommand(signer, setup, streams.project(projectId), projectDecider, {
        type: 'DeactivateProject',
        reason: null,
      }),
    restore: ({ signer, setup, projectId }) =>
      handleCommand(signer, setup, streams.project(projectId), projectDecider, { type: 'ReactivateProject' }),
  },
  'the submitter is deactivated': {
    code: 'SUBMITTER_DEACTIVATED',
    withdraw: (organization) => tellSubmitter(organization, { type: 'DeactivateUser', reason: null }),
    restore: (organization) => tellSubmitter(organization, { type: 'ReactivateUser' }),
  },
  'the trusted build system that vouched is disabled': {
    code: 'TRUSTED_BUILD_SYSTEM_DISABLED',
    buildSystem: true,
    withdraw: (organization) => tellBuildSystem(organization, { type: 'DisableTrustedBuildSystem', reason: null }),
    restore: (organization) => tellBuildSystem(organization, { type: 'EnableTrustedBuildSystem' }),
  },
  'the trusted build system that vouched is unlinked from the project': {
    code: 'TRUSTED_BUILD_SYSTEM_NOT_LINKED',
    buildSystem: true,
    withdraw: (organization) =>
      tellBuildSystem(organization, { type: 'UnlinkProject', projectId: organization.projectId }),
    restore: (organization) =>
      tellBuildSystem(organization, {
        type: 'LinkProject',
        projectId: organization.projectId,
        settings: {},
        secrets: [],
      }),
  },
  'the request is called off': {
    code: 'SIGNING_REQUEST_FINAL',
    withdraw: ({ tell, submitter }, signingRequestId) =>
      tell(signingRequestId, { type: 'Cancel', canceledBy: submitter, reason: null }, submitter),
    restore: async () => undefined,
  },
}

async function policySettings({ log, signingPolicyId }: TestOrganization) {
  const { events } = await readWholeStream(log, streams.signingPolicy(signingPolicyId))
  const policy = fold(signingPolicyDecider, events)
  const settings = policy.status === 'none' ? undefined : policy.versions.at(-1)
  if (settings === undefined) throw new Error('There is no policy')
  return settings
}

function changePolicy(organization: TestOrganization, settings: SigningPolicySettings): Promise<unknown> {
  const context = inContext(organization, settings.certificateId)
  return tellPolicy(organization, { type: 'ChangeSigningPolicy', settings, replaced: null, ...context })
}

function inContext({ submitter, approvers }: TestOrganization, certificateId: CertificateId) {
  const certificate = {
    certificateId,
    kind: 'selfSigned',
    keyAlgorithm: 'ec-p256',
    name: 'test',
    restrictions: unrestricted,
    issued: null,
  } as const
  return { certificate, people: { submitters: [submitter], approvers } }
}

/** A new certificate with a new key, which the policy uses from now on. */
async function giveCertificate(organization: TestOrganization): Promise<void> {
  const { certificateId } = await newCertificate(organization)
  await useCertificate(organization, certificateId)
}

test.each(Object.entries(withdrawals))(
  'when %s while a request is signed, the key is not used after that, and nothing is completed',
  async (_, { code, buildSystem, withdraw, restore }) => {
    const organization = await testOrganization({ approval: null, ...(buildSystem && { buildSystem }) })
    const { moments } = await signAtMoments(organization, () => undefined)
    // Between the last look at the log and the last append there is nothing but the way to the log.
    const lastLook = moments.lastIndexOf('lastRevisions')
    expect(moments.slice(lastLook + 1)).toEqual(['log.append'])
    for (let at = 0; at <= lastLook; at++) {
      const name = `before ${moments[at]}, moment ${at} of ${moments.length}`
      const outcome = await signAtMoments(organization, (index, signingRequestId) =>
        index === at ? withdraw(organization, signingRequestId) : undefined,
      )
      expect(outcome, name).toMatchObject({ code: expect.any(String), usedAfterwards: false })
      expect(outcome.workflowStatus, name).not.toBe('Completed')
      // An append at a revision that has moved on is tried again, and then refused.
      expect([code, 'EVENT_LOG_WRONG_EXPECTED_REVISION'], name).toContain(outcome.code)
      await restore(organization)
    }
  },
)

test('what is added to these streams without withdrawing anything does not stop a signature', async () => {
  const organization = await testOrganization()
  const [anna, bert] = organization.approvers
  const { moments } = await approvedSign(() => undefined)
  for (let at = 0; at < moments.length; at++) {
    const outcome = await approvedSign((index) => (index === at ? harmless() : undefined))
    // The log refuses an append to a stream that has moved on; these are others.
    expect(outcome.code, `before ${moments[at]}`).toBeUndefined()
    expect(outcome.workflowStatus).toBe('Completed')
  }

  async function harmless(): Promise<void> {
    const settings = await policySettings(organization)
    await changePolicy(organization, { ...settings, name: randomUUID() })
  }

  async function approvedSign(moment: (index: number) => Promise<unknown> | undefined) {
    const { planned } = organization
    const approving = async () => {
      const request = await planned()
      const planDigest = request.plan?.digest ?? otherDigest
      for (const approver of [anna, bert])
        await organization.tell(
          request.signingRequestId,
          { type: 'Approve', groups: [], approver, planDigest, comment: null },
          approver,
        )
      return request
    }
    return signAtMoments({ ...organization, planned: approving }, moment)
  }
})

describe.each(['certificate', 'key'] as const)(
  'the key of a certificate that is made while the %s is disabled',
  (what) => {
    test('signs nothing', async () => {
      const { signer, setup, certificateId: renews } = await testOrganization({ approval: null })
      const renewed = fold(certificateDecider, (await readWholeStream(signer.log, streams.certificate(renews))).events)
      const { keyId, ...certificate } = renewed as Certificate
      const key = fold(keyDecider, (await readWholeStream(signer.log, streams.key(keyId))).events)
      const certificateId = randomUUID() as CertificateId
      const tell = (command: CertificateCommand) =>
        handleCommand(signer, setup, streams.certificate(certificateId), certificateDecider, command)
      const request = { ...certificate.requested, certificateId, renews }
      await tell({ type: 'RequestCertificate', request, key, renewed })
      const disable = {
        certificate: () => tell({ type: 'DisableCertificate', reason: null }),
        key: () => handleCommand(signer, setup, streams.key(keyId), keyDecider, { type: 'DisableKey', reason: null }),
      }
      const watched = withMoments(signer, async (moment) => {
        if (moment === 'key is about to be used') await disable[what]()
      })
      await expect(issueCertificate(watched, certificateId)).rejects.toMatchObject({
        code: 'EVENT_LOG_WRONG_EXPECTED_REVISION',
      })
      expect(watched.signed).toEqual([])
      const code = `${what.toUpperCase()}_DISABLED`
      await expect(issueCertificate(watched, certificateId)).rejects.toMatchObject({ code })
    })
  },
)
