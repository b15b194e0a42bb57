import {
  type CertificateId,
  type ChangeProposalId,
  certificateDecider,
  changeProposalDecider,
  furtherUnusualActivityText,
  type OrganizationId,
  parseStreamName,
  signingPolicyDecider,
  streams,
  type UnusualActivityEvent,
  type UserId,
  unusualActivityText,
} from '../../domain/index.ts'
import type { RecordedEvent } from '../../event-log/index.ts'
import type { MailContent } from './mail-content.ts'
import { type MailSources, policyName, stateOf, type Told } from './mail-sources.ts'

/** Says what a mail tells of an event; `undefined` when there is nothing to say any more. */
export type Teller = (sources: MailSources, event: RecordedEvent) => Promise<Told | undefined>

/** Of a certificate that is about to end, or has. */
export const certificateExpiry: Teller = async (sources, event) => {
  const certificateId = parseStreamName(event.streamId)?.id as CertificateId
  const certificate = await stateOf(sources, streams.certificate(certificateId), certificateDecider)
  if (certificate.status === 'none') return undefined
  const { notAfter, days } = event.data as { readonly notAfter: string; readonly days?: number }
  const { name, issued, renewal } = certificate
  const renews = renewal.requested || renewal.beforeHours !== null
  return {
    thread: `certificate-${certificateId}`,
    content: {
      subject: `Certificate ${name} expires`,
      headline:
        days === undefined
          ? `The certificate ${name} has expired: nothing is signed with it any more.`
          : `The certificate ${name} expires in ${days} ${days === 1 ? 'day' : 'days'} or less.`,
      facts: [
        ['Certificate', name],
        ['Subject', issued?.subject ?? null],
        ['SHA-256', issued?.thumbprint ?? null],
        ['Ends', notAfter],
        ['Certificate id', certificateId],
      ],
      advice: [
        renews
          ? 'It is to be renewed by itself. See to it if it is not in time.'
          : 'Renew it, or have the signing policies that use it switch to another one.',
      ],
      link: { text: 'Look at it', url: `${sources.publicUrl()}/certificates/${certificateId}` },
    },
  }
}

/** Of somebody who became a Global Administrator. */
export const administratorAdded: Teller = async (sources, event) => {
  const { organizationId, actor, occurredAt, remoteAddress } = event.metadata
  const userId = parseStreamName(event.streamId)?.id as UserId
  const name = await sources.nameOf(organizationId, userId)
  return {
    thread: `administrator-${userId}`,
    content: {
      subject: `New Global Administrator: ${name}`,
      headline: `${name} is a Global Administrator now.`,
      facts: [
        ['Made so by', await actorName(sources, organizationId, actor)],
        ['When', occurredAt],
        ['From the address', remoteAddress ?? null],
        ['User id', userId],
      ],
      advice: ['If nobody of you wanted this, take the role away and deactivate whoever gave it.'],
      link: { text: 'Look at the user', url: `${sources.publicUrl()}/users/${userId}` },
    },
  }
}

/** Of something unusual. */
export const unusualActivity: Teller = async (sources, event) => {
  const { organizationId } = event.metadata
  const found = event as RecordedEvent & UnusualActivityEvent
  const facts = await unusualFacts(sources, found, organizationId)
  return {
    thread: `unusual-${parseStreamName(event.streamId)?.id}`,
    content: {
      subject: `Unusual activity: ${found.data.rule}`,
      headline:
        found.type === 'UnusualActivityDetected'
          ? unusualActivityText(found.data, found.data.about)
          : furtherUnusualActivityText(found.data.rule, found.data.count),
      facts,
      advice: ['Ask whom it is about whether it was them. A token that is not in good hands is revoked at once.'],
      link: { text: 'Look at it', url: `${sources.publicUrl()}/unusual-activity` },
    },
  }
}

async function unusualFacts(
  sources: MailSources,
  { type, data, metadata }: RecordedEvent & UnusualActivityEvent,
  organizationId: OrganizationId,
): Promise<MailContent['facts']> {
  if (type !== 'UnusualActivityDetected')
    return [
      ['First', data.firstAt],
      ['Last', data.lastAt],
    ]
  return [
    ['User', data.userId === null ? null : await sources.nameOf(organizationId, data.userId)],
    ['Signing policy id', data.signingPolicyId],
    ['Signing request', data.signingRequestId],
    ['API token id', data.tokenId],
    ['When', data.happenedAt],
    ['From the address', metadata.remoteAddress ?? null],
  ]
}

/** Of a change that waits for others. */
export const changeProposed: Teller = async (sources, event) => {
  const changeProposalId = parseStreamName(event.streamId)?.id as ChangeProposalId
  const change = await stateOf(sources, streams.changeProposal(changeProposalId), changeProposalDecider)
  if (change.status !== 'proposed') return undefined
  const { author, target, events, requiredApprovals, approvals, expiresAt, organizationId } = change
  const by = author === null ? 'the operator of the machine' : await sources.nameOf(organizationId, author)
  const what = events.map(({ type }) => type).join(', ')
  return {
    thread: `change-${changeProposalId}`,
    content: {
      subject: `Proposed change ${changeProposalId.slice(0, 8)}: ${what}`,
      headline: `A change that ${by} proposed waits for your approval.`,
      facts: [
        ['What', what],
        ['Of', await targetName(sources, target)],
        ['Approvals', `${approvals.length} of ${requiredApprovals}`],
        ['Lapses at', expiresAt],
        ['Change', changeProposalId],
      ],
      advice: [
        'Look at it before and after the change, with what it would mean for recent requests, before you approve.',
      ],
      link: { text: 'Look at it, and approve or reject', url: `${sources.publicUrl()}/changes/${changeProposalId}` },
    },
  }
}

async function targetName(sources: MailSources, target: string): Promise<string> {
  const named = parseStreamName(target)
  if (named?.kind !== 'signingPolicy') return target
  const policy = await stateOf(sources, target, signingPolicyDecider)
  return policy.status === 'none' ? target : policyName(sources, policy.projectId, policy.signingPolicyId)
}

async function actorName(
  { nameOf }: MailSources,
  organizationId: OrganizationId,
  actor: RecordedEvent['metadata']['actor'],
): Promise<string> {
  if (actor.kind === 'user') return nameOf(organizationId, actor.userId)
  return actor.kind === 'system' ? `the service (${actor.component})` : 'nobody who is known'
}
