import {
  canonicalJson,
  type EarlierRequests,
  fold,
  type OriginOfRequest,
  projectDecider,
  requireVerifiedOrigin,
  type SigningPolicySettings,
  type SigningRequest,
  streams,
  trustedBuildSystemDecider,
} from '../domain/index.ts'
import { type RecordedEvent, readNamedStream } from '../event-log/index.ts'
import { checkFoundOrigin, notVerified } from './check-found-origin.ts'
import { policyMismatch } from './check-policy.ts'
import type { GroundsLog } from './grounds.ts'

/**
 * Where the policy's version demands a verified origin: the request must say what policy and project demanded when it was submitted,
 * and its origin be verified, which is judged again. It must be of the build system that vouched for the artifact, and what that
 * claims, or can have answered; and the artifact of an earlier request must have the origin that was verified for the request that it
 * came with.
 *
 * @param submission the event with which the request began
 * @param earlier what a request goes back to that takes an earlier one's artifact
 * @throws Refusal `POLICY_MISMATCH`, `ORIGIN_NOT_VERIFIED`
 */
export async function checkOrigin(
  log: GroundsLog,
  request: SigningRequest,
  demanded: Pick<SigningPolicySettings, 'originVerification'>,
  submission: RecordedEvent,
  earlier: EarlierRequests<RecordedEvent> | undefined,
): Promise<void> {
  const { originVerification } = demanded
  if ((originVerification === undefined) !== (request.originVerification === undefined))
    throw policyMismatch('originVerification')
  if (originVerification === undefined) return
  const expected = { ...originVerification, repositoryUrl: await repositoryAt(log, request, submission) }
  if (canonicalJson(expected) !== canonicalJson(request.originVerification)) throw policyMismatch('originVerification')
  requireVerifiedOrigin(request)
  const { origin } = request
  if (origin === null || origin.verified === null) throw notVerified('nothing says where it comes from')
  const first = earlier?.first ?? { request, submission }
  if (earlier !== undefined && canonicalJson(first.request.origin?.verified ?? null) !== canonicalJson(origin.verified))
    throw notVerified('it is not that of the request that the artifact came with')
  const { actor } = first.submission.metadata
  const voucher = actor.kind === 'user' ? actor.vouchedBy : undefined
  if (voucher?.trustedBuildSystemId !== origin.trustedBuildSystemId)
    throw notVerified('it is of another build system than the one that vouched for the artifact')
  if (voucher.proof.method === 'link' && origin.verified.proof === 'claim')
    throw notVerified('it is what somebody claims who brought nothing of the build system')
  if (voucher.proof.method === 'identityToken') requireSameToken(origin, voucher.proof)
  const { events } = await readNamedStream(log, streams.trustedBuildSystem(origin.trustedBuildSystemId))
  const system = fold(trustedBuildSystemDecider, events)
  const before = fold(
    trustedBuildSystemDecider,
    events.filter(({ position }) => position < first.submission.position),
  )
  if (before.status === 'none' || system.status === 'none' || system.kind !== origin.kind)
    throw notVerified('its build system is of another kind')
  checkFoundOrigin(before, first.request, origin, voucher.node)
}

/**
 * Where the job called by its identity token, that very token must have proved the origin.
 *
 * @throws Refusal `ORIGIN_NOT_VERIFIED`
 */
function requireSameToken(
  { verified, checks }: OriginOfRequest,
  { issuer, tokenId }: { readonly issuer: string; readonly tokenId: string },
): void {
  const inputs = checks.find(({ name, outcome }) => name === 'identityToken' && outcome === 'passed')?.inputs ?? []
  const inputOf = (wanted: string) => inputs.find(({ name }) => name === wanted)?.value
  const isSame = inputOf('issuer') === issuer && inputOf('tokenId') === tokenId
  if (verified?.proof !== 'identityToken' || !isSame)
    throw notVerified('it is not proved by the identity token by which the job submitted')
}

/** The project's repository as it was when the request was submitted. */
async function repositoryAt(
  log: GroundsLog,
  { projectId }: SigningRequest,
  { position }: RecordedEvent,
): Promise<string | null> {
  const { events } = await readNamedStream(log, streams.project(projectId))
  const project = fold(
    projectDecider,
    events.filter((event) => event.position < position),
  )
  return project.status === 'none' ? null : project.repositoryUrl
}
