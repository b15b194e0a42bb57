import {
  fold,
  requireTrustedBuildSystem,
  type SigningRequest,
  streams,
  trustedBuildSystemDecider,
  type UserId,
  userDecider,
  type Voucher,
} from '../domain/index.ts'
import { type RecordedEvent, readNamedStream } from '../event-log/index.ts'
import { keyOfStatement } from './check-node.ts'
import { requireApprovedChange } from './check-rule-change.ts'
import type { GroundsLog } from './grounds.ts'

/**
 * Where the policy's version demands a trusted build system: a CI user must have submitted the request, and a build system of
 * the organization have vouched for that which was enabled and linked to the project then, and is both now. It must have come
 * to be, received its token, been enabled and been linked, and its link been changed, as the organization demanded it.
 *
 * Of a request that takes an earlier one's artifact again, the build system must have vouched for the one that the artifact came
 * with, and a CI user have submitted both.
 *
 * That the token worked then was checked when the submission was read, as of whoever causes an event.
 *
 * @param submission the event by which the artifact came
 * @throws Refusal `SUBMITTER_NOT_CI_USER`, `TRUSTED_BUILD_SYSTEM_REQUIRED`, `TRUSTED_BUILD_SYSTEM_NOT_FOUND`,
 *   `TRUSTED_BUILD_SYSTEM_DISABLED`, `TRUSTED_BUILD_SYSTEM_NOT_LINKED`, `RULE_CHANGE_NOT_APPROVED`
 */
export async function checkBuildSystem(
  log: GroundsLog,
  request: SigningRequest,
  submission: RecordedEvent,
): Promise<void> {
  const { organizationId, projectId, submitter } = request
  const isResubmission = submission.streamId !== streams.signingRequest(request.signingRequestId)
  const submitters = new Set([submitter, submission.data.submitter as UserId])
  const kinds = await Promise.all([...submitters].map((each) => kindOf(log, each)))
  const submitterKind = kinds.find((kind) => kind !== 'ci') ?? 'ci'
  const voucher = voucherOf(submission)
  const events =
    voucher === undefined
      ? []
      : (await readNamedStream(log, streams.trustedBuildSystem(voucher.trustedBuildSystemId))).events
  const before = events.filter(({ position }) => position < submission.position)
  for (const history of [before, events]) {
    const system = fold(trustedBuildSystemDecider, history)
    const own = system.status !== 'none' && system.organizationId === organizationId
    const vouchedBy = voucher === undefined ? null : own ? system : trustedBuildSystemDecider.initialState()
    const isOriginVerified = request.originVerification !== undefined
    const method = voucher?.proof.method
    requireTrustedBuildSystem({ submitterKind, vouchedBy, method, isOriginVerified, projectId, isResubmission })
    for (const rule of rulesOf(history, request, voucher)) await requireApprovedChange(log, organizationId, rule)
  }
}

/**
 * A job that submitted by its identity token alone was taken for the CI user that a link names: that link must have been made, and
 * changed last, as the organization demanded it then. It is to the job what the making of an API token is to others.
 *
 * @throws Refusal `RULE_CHANGE_NOT_APPROVED`
 */
export async function checkLinkOfJob(
  log: GroundsLog,
  request: SigningRequest,
  submission: RecordedEvent,
): Promise<void> {
  const voucher = voucherOf(submission)
  if (voucher?.proof.method !== 'identityToken') return
  const { events } = await readNamedStream(log, streams.trustedBuildSystem(voucher.trustedBuildSystemId))
  const before = events.filter(({ position }) => position < submission.position)
  for (const rule of rulesOf(before, request, voucher)) await requireApprovedChange(log, request.organizationId, rule)
}

async function kindOf(log: GroundsLog, userId: UserId): Promise<'interactive' | 'ci'> {
  const user = fold(userDecider, (await readNamedStream(log, streams.user(userId))).events)
  return user.status === 'none' ? 'interactive' : user.kind
}

function voucherOf({ metadata: { actor } }: RecordedEvent): Voucher | undefined {
  return actor.kind === 'user' ? actor.vouchedBy : undefined
}

/** The event that made the link to the project and, where that is asked or says whose tokens are taken, the one that said last what a build must be. */
function newestLink(
  history: readonly RecordedEvent[],
  { projectId, originVerification }: SigningRequest,
  isByJob: boolean,
): readonly (RecordedEvent | undefined)[] {
  const isOf = (wanted: string) => (event: RecordedEvent) => event.type === wanted && event.data.projectId === projectId
  const linked = history.findLastIndex(isOf('TrustedBuildSystemLinked'))
  const changed = history.slice(linked + 1).findLast(isOf('TrustedBuildSystemLinkChanged'))
  return [history[linked], originVerification === undefined && !isByJob ? undefined : changed]
}

/** What of a build system's history its voucher rests on. */
function rulesOf(
  history: readonly RecordedEvent[],
  request: SigningRequest,
  voucher: Voucher | undefined,
): readonly RecordedEvent[] {
  const newest = (wanted: string, matches: (data: RecordedEvent['data']) => boolean = () => true) =>
    history.findLast(({ type, data }) => type === wanted && matches(data))
  const tokenId = voucher?.proof.method === 'token' ? voucher.proof.tokenId : undefined
  const keyId = keyOfStatement(voucher?.nodeStatement)
  return [
    newest('TrustedBuildSystemCreated'),
    newest('TrustedBuildSystemTokenIssued', (data) => tokenId !== undefined && data.tokenId === tokenId),
    newest('TrustedBuildSystemProxyKeyRegistered', (data) => keyId !== undefined && data.keyId === keyId),
    newest('TrustedBuildSystemEnabled'),
    ...newestLink(history, request, voucher?.proof.method === 'identityToken'),
  ].filter((event) => event !== undefined)
}
