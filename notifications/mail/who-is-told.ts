import {
  type Actor,
  type ApprovalProcess,
  actingUser,
  type ChangeProposalId,
  changeProposalDecider,
  fold,
  type GlobalRole,
  groupDecider,
  groupsNamed,
  isFinalStatus,
  type NotificationKind,
  type PrincipalReference,
  parseStreamName,
  permissionRule,
  projectDecider,
  type SigningRequest,
  signingRequestDecider,
  streams,
  type UserId,
  usersNamed,
  type WebHookId,
  webHookDecider,
} from '../../domain/index.ts'
import type { RecordedEvent } from '../../event-log/index.ts'
import type { Directory } from './directory.ts'
import { stateOf } from './mail-sources.ts'
import type { EventNotice } from './notice.ts'
import { wasAsked } from './request-content.ts'

/** Who is to be told of an event, and as what kind of thing. */
export type Telling = { readonly kind: NotificationKind; readonly recipients: readonly UserId[] }

/** Says who is to be told of an event of one type; nobody in most cases. */
type Rule = (event: RecordedEvent, directory: Directory) => Promise<readonly Telling[]>

/** The types of events of which somebody may be told, and whom. */
const rules: Readonly<Record<string, Rule>> = {
  SigningPlanned: approvalRequested,
  ApprovalGranted: quorumReached,
  ApprovalDenied: ended,
  ApprovalExpired: ended,
  SigningRequestCanceled: ended,
  SigningRequestFailed: ended,
  SigningRequestCompleted: ended,
  ChangeProposed: changeProposed,
  WebHookDisabled: webHookProblem,
  WebHookDeliveryAbandoned: webHookProblem,
  CertificateExpiryWarned: toRoles('certificateExpiry', ['globalAdministrator', 'certificateAdministrator']),
  CertificateExpired: toRoles('certificateExpiry', ['globalAdministrator', 'certificateAdministrator']),
  GlobalRoleGranted: administratorAdded,
  AdministratorAppointed: administratorAdded,
  UnusualActivityDetected: toRoles('unusualActivity', ['globalAdministrator']),
  FurtherUnusualActivityDetected: toRoles('unusualActivity', ['globalAdministrator']),
}

/** Who is to be told of an event. Whether they want to be, is not asked here. */
export async function whoIsTold(event: RecordedEvent, directory: Directory): Promise<readonly Telling[]> {
  const rule = Object.hasOwn(rules, event.type) ? rules[event.type] : undefined
  return rule === undefined ? [] : rule(event, directory)
}

function toRoles(kind: NotificationKind, roles: readonly GlobalRole[]): Rule {
  return async ({ metadata: { organizationId } }, directory) => [
    { kind, recipients: await directory.withRoles(organizationId, roles) },
  ]
}

/** The other administrators: whoever is one now knows it, as does whoever set the organization up. */
async function administratorAdded(event: RecordedEvent, directory: Directory): Promise<readonly Telling[]> {
  const role = event.type === 'GlobalRoleGranted' ? event.data.role : 'globalAdministrator'
  if (role !== 'globalAdministrator') return []
  const added = parseStreamName(event.streamId)?.id
  const all = await directory.withRoles(event.metadata.organizationId, ['globalAdministrator'])
  return [{ kind: 'administratorAdded', recipients: all.filter((userId) => userId !== added) }]
}

async function changeProposed(event: RecordedEvent, directory: Directory): Promise<readonly Telling[]> {
  const changeProposalId = parseStreamName(event.streamId)?.id as ChangeProposalId
  const change = await stateOf(directory, streams.changeProposal(changeProposalId), changeProposalDecider)
  if (change.status === 'none') return []
  const may = await directory.withRoles(change.organizationId, permissionRule(change.permission).roles)
  return [{ kind: 'changeProposed', recipients: may.filter((userId) => userId !== change.author) }]
}

/** Whoever administers the web hook: its project's configurators, or Global Administrators. What people turn off they know. */
async function webHookProblem(event: RecordedEvent, directory: Directory): Promise<readonly Telling[]> {
  if (event.type === 'WebHookDisabled' && event.data.cause !== 'gone') return []
  const webHookId = parseStreamName(event.streamId)?.id as WebHookId
  const hook = await stateOf(directory, streams.webHook(webHookId), webHookDecider)
  if (hook.status === 'none') return []
  const project = hook.projectId && (await stateOf(directory, streams.project(hook.projectId), projectDecider))
  const configurators = project && project.status !== 'none' ? await membersOf(project.configurators, directory) : []
  const recipients =
    configurators.length > 0 ? configurators : await directory.withRoles(hook.organizationId, ['globalAdministrator'])
  return [{ kind: 'webHookProblem', recipients }]
}

/** The request as it was with this event, and not as it became since. */
async function requestAt(event: RecordedEvent, directory: Directory): Promise<SigningRequest | undefined> {
  const events = await directory.streamUpTo(event)
  const request = fold(signingRequestDecider, events)
  return request.workflowStatus === 'none' ? undefined : request
}

async function approvalRequested(event: RecordedEvent, directory: Directory): Promise<readonly Telling[]> {
  const request = await requestAt(event, directory)
  if (request?.workflowStatus !== 'WaitingForApproval' || request.approval === null) return []
  return [{ kind: 'approvalRequested', recipients: await asked(request, request.approval, directory) }]
}

/** With this approval the quorum is reached: whoever was asked and has not decided need not look any more. */
async function quorumReached(event: RecordedEvent, directory: Directory): Promise<readonly Telling[]> {
  const request = await requestAt(event, directory)
  if (request === undefined || request.workflowStatus === 'WaitingForApproval') return []
  return othersAsked(request, event.metadata.actor, directory)
}

/** The request is over: its submitter is told, and who was asked and did not decide, if people still were. */
async function ended(event: RecordedEvent, directory: Directory): Promise<readonly Telling[]> {
  const { submitter, isQuiet } = await submitterOf(event, directory)
  if (isQuiet) return []
  const request = await requestAt(event, directory)
  if (request === undefined || !isFinalStatus(request.workflowStatus)) return []
  const outcome: Telling = { kind: 'requestOutcome', recipients: submitter === null ? [] : [submitter] }
  // Once the quorum was reached they were told already.
  const wasWaiting = request.plan !== null && request.attempts === 0 && request.failure === null
  const isOfPeople = event.type === 'ApprovalDenied' || event.type === 'ApprovalExpired' || wasWaiting
  if (event.type === 'SigningRequestCompleted' || !isOfPeople) return [outcome]
  return [outcome, ...(await othersAsked(request, event.metadata.actor, directory))]
}

/**
 * Whoever submitted, or answers for a CI user who did. Of what a CI user submitted and was completed nobody is told: the build
 * goes on, and there are many.
 */
async function submitterOf(
  event: RecordedEvent,
  directory: Directory,
): Promise<{ readonly submitter: UserId | null; readonly isQuiet: boolean }> {
  const submitter = await directory.submitterOf(event.streamId)
  if (submitter === undefined) return { submitter: null, isQuiet: true }
  const user = await directory.user(submitter)
  if (user?.kind !== 'ci') return { submitter, isQuiet: false }
  return { submitter: user.responsible ?? null, isQuiet: event.type === 'SigningRequestCompleted' }
}

async function othersAsked(
  request: SigningRequest,
  decidedBy: Actor,
  directory: Directory,
): Promise<readonly Telling[]> {
  const { approval } = request
  if (approval === null || !wasAsked(request)) return []
  const decided = new Set([actingUser(decidedBy), ...request.approvals.map(({ approver }) => approver)])
  const all = await asked(request, approval, directory)
  return [{ kind: 'approvalDecided', recipients: all.filter((userId) => !decided.has(userId)) }]
}

/** The approvers whose approval would count as far as is known here: not the submitter and the people behind them. */
async function asked(
  { submitter, peopleBehind = [] }: SigningRequest,
  { approvers, submitterMayApprove }: ApprovalProcess,
  directory: Directory,
): Promise<readonly UserId[]> {
  const own = new Set<UserId>(submitterMayApprove ? [] : [submitter, ...peopleBehind])
  return (await membersOf(approvers, directory)).filter((userId) => !own.has(userId))
}

/** Whom references name, themselves or by a group that has them now; each once. */
async function membersOf(references: readonly PrincipalReference[], directory: Directory): Promise<readonly UserId[]> {
  const members: UserId[] = []
  for (const groupId of groupsNamed(references)) {
    const group = await stateOf(directory, streams.group(groupId), groupDecider)
    if (group.status !== 'none') members.push(...group.members)
  }
  return [...new Set([...usersNamed(references), ...members])]
}

/** A notice of an event for one kind. */
export function noticeFor({ streamId, revision }: RecordedEvent, kind: NotificationKind): EventNotice {
  return { kind, streamId, revision }
}
