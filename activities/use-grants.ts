import {
  type ApproveByGrant,
  fold,
  type GrantId,
  grantDecider,
  grantListDecider,
  groupDecider,
  groupsNamed,
  isMember,
  openSigningRequest,
  peopleBehind,
  Refusal,
  type SigningRequest,
  signingRequestDecider,
  streams,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { appendDecided, type EventLog, prepareEvents, type RecordedEvent, readWholeStream } from '../event-log/index.ts'
import { type CoveringGrant, coveringGrant } from './check-grant.ts'
import type { GrantActivities, RequestStep } from './contract.ts'
import { requestStep, stepMetadata } from './request-step.ts'

type Dependencies = { readonly log: EventLog; readonly now: () => string }

/**
 * Approves a request that waits by the grants that cover it, the oldest first, until the quorum is reached. Each use is reserved
 * in the grant's stream and then recorded as an approval of the request: a process that ends in between leaves a
 * reservation, with which the next one goes on.
 */
export function useGrants(dependencies: Dependencies): GrantActivities['useGrants'] {
  const { log, now } = dependencies
  return async (step) => {
    const { request } = await readRequest(log, step)
    for (const grantId of await grantsFor(log, request, now())) {
      const isWaiting = await unlessRefused(() => useGrant(dependencies, step, grantId))
      if (isWaiting === false) break
    }
    return requestStep(dependencies, step, async () => undefined)
  }
}

/** The grants of the request's policy whose window is not over, the oldest first. */
async function grantsFor(log: EventLog, request: SigningRequest, at: string): Promise<readonly GrantId[]> {
  if (request.workflowStatus !== 'WaitingForApproval') return []
  const { events } = await readWholeStream(log, streams.policyGrants(request.signingPolicyId))
  const { grants } = fold(grantListDecider, events)
  return grants.flatMap(({ grantId, until }) => (until > at ? [grantId] : []))
}

/** @returns whether the request waits for more approvals */
async function useGrant(dependencies: Dependencies, step: RequestStep, grantId: GrantId): Promise<boolean> {
  const { log, now } = dependencies
  const { request, submitted } = await readRequest(log, step)
  if (request.workflowStatus !== 'WaitingForApproval') return false
  const readGrant = async () => (await readWholeStream(log, streams.grant(grantId))).events
  const covering = await coveringGrant(log, { events: await readGrant(), request, submitted, at: now() })
  if (typeof covering === 'string') return true
  const command = await approvalBy(log, covering, request)
  // What the request's rules refuse takes none of the uses.
  signingRequestDecider.decide(command, request)
  await reserveUse(dependencies, covering, request)
  const at = now()
  if (typeof (await coveringGrant(log, { events: await readGrant(), request, submitted, at })) === 'string') return true
  await requestStep({ log, now: () => at }, step, async () => command)
  return true
}

/** The approval that a grant gives, with what an approval of its giver would name now. */
async function approvalBy(
  log: EventLog,
  { grant, given }: CoveringGrant,
  { approval, plan }: SigningRequest,
): Promise<ApproveByGrant> {
  const { giver, organizationId, grantId } = grant
  const historyOf = async (userId: UserId) => (await readWholeStream(log, streams.user(userId))).events
  if (fold(userDecider, await historyOf(giver)).status !== 'active' || plan === null)
    throw new Refusal('USER_DEACTIVATED', `The giver of the grant ${grantId} was deactivated.`)
  const groups = []
  for (const groupId of groupsNamed(approval?.approvers ?? [])) {
    const { events } = await readWholeStream(log, streams.group(groupId))
    if (isMember(fold(groupDecider, events), organizationId, giver)) groups.push(groupId)
  }
  const behind = await peopleBehind(giver, given.metadata.actor, historyOf)
  return { type: 'ApproveByGrant', approver: giver, groups, peopleBehind: behind, planDigest: plan.digest, grantId }
}

/** Takes one of the grant's uses for the request, unless it has one. @throws Refusal as the grant's decider */
async function reserveUse(
  { log, now }: Dependencies,
  { grant }: CoveringGrant,
  request: SigningRequest,
): Promise<void> {
  const streamId = streams.grant(grant.grantId)
  const { signingRequestId } = request
  await appendDecided(
    log,
    async () => {
      const { events, revision } = await readWholeStream(log, streamId)
      return { streamId, revision, state: fold(grantDecider, events) }
    },
    ({ revision, state }) => {
      if (state.status !== 'none' && state.uses.includes(signingRequestId)) return []
      const at = now()
      const events = grantDecider.decide({ type: 'ReserveGrantUse', signingRequestId, at }, state)
      return prepareEvents(streamId, revision, events, stepMetadata(request, 'workflow', at))
    },
  )
}

async function readRequest(
  log: EventLog,
  { signingRequestId }: RequestStep,
): Promise<{ readonly request: SigningRequest; readonly submitted: RecordedEvent }> {
  const { events } = await readWholeStream(log, streams.signingRequest(signingRequestId))
  const request = openSigningRequest(fold(signingRequestDecider, events))
  const [submitted] = events
  if (submitted === undefined) throw new Refusal('SIGNING_REQUEST_NOT_FOUND', 'There is no such signing request.')
  return { request, submitted }
}

/** What refuses a grant, or cannot be read of it, keeps no other one from being used. */
async function unlessRefused<Result>(use: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await use()
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  }
}
