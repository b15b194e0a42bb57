import { streams } from '../streams.ts'
import type { Evidence, UnusualActivityEvent, UnusualActivityRule, UnusualFacts, UnusualSubject } from './events.ts'
import { isFamiliar, type KnownNetworks, newNetwork, noNetworks, withCall } from './known-networks.ts'
import { type Observation, type Observed, requestOfUse } from './observation.ts'
import { type RecentDenials, repeatedDenials, withDenial } from './recent-denials.ts'
import {
  type ByRule,
  endHour,
  type FurtherFindings,
  limitFinding,
  type RecordedFinding,
  type RecordedTogether,
  recordOrCount,
} from './recorded-findings.ts'
import { aboutPolicy, aboutUser, keyOfLearned, keyOfSubject, keysOf } from './subjects.ts'
import { burstOfSubmissions, noSubmissions, type SubmissionRate, withSubmission } from './submission-rate.ts'
import { type TokenUses, tokenInTwoNetworks, withTokenUse } from './token-uses.ts'
import { knowsHours, noHours, type UsualHours, unusualHour, withUse } from './usual-hours.ts'

/**
 * What is usual for an organization, a user or a signing policy, and what was found of late. Which parts it has depends on
 * what it is of. Each is bounded, whatever is done. JSON.
 */
export type ActivityProfile = {
  /** Of a policy: whether it is one for releases. */
  readonly release?: boolean
  /** When a release policy is used, or all of an organization. */
  readonly hours?: UsualHours
  /** From where a user calls. */
  readonly networks?: KnownNetworks
  readonly tokenUses?: TokenUses
  /** Of a user or to a policy. */
  readonly submissions?: SubmissionRate
  /** Of a user's requests, or of those of a policy. */
  readonly denials?: RecentDenials
  /** What was found about a user or a policy. */
  readonly found?: ByRule<RecordedFinding>
  /** What was found in an organization. */
  readonly foundTogether?: ByRule<RecordedTogether>
}

/** Profiles by the names of the streams of those whom they are of. Whoever is not in it has an empty one. */
export type ActivityProfiles = ReadonlyMap<string, ActivityProfile>

/** A finding that is to be recorded. */
export type RecordableFinding = {
  readonly event: UnusualActivityEvent
  /** Tells it from every other finding: the same log gives the same. */
  readonly identity: string
  /** What made it show. */
  readonly cause: Pick<Observation, 'organizationId' | 'evidence' | 'correlationId' | 'remoteAddress'>
}

/** What becomes of an event. */
export type Detected = {
  /** Those that have changed. */
  readonly profiles: ActivityProfiles
  readonly findings: readonly RecordableFinding[]
}

/** A finding of a rule, before it is settled whether it is recorded. */
type Finding = {
  readonly facts: UnusualFacts
  readonly subject: UnusualSubject
  readonly evidence: readonly Evidence[]
}

/** Whose profiles must be known to judge an event. */
export function profilesFor({ observations, learned }: Observed): readonly string[] {
  return [...observations.flatMap(keysOf), ...(learned === null ? [] : [keyOfLearned(learned)])]
}

/**
 * Judges an event by what was usual before it, and learns from it. Nothing but the log decides: whoever follows it from the
 * beginning finds the same, however the events are cut into batches.
 */
export function detect({ observations, learned }: Observed, known: ActivityProfiles): Detected {
  const changed = new Map<string, ActivityProfile>()
  const findings: RecordableFinding[] = []
  const read = (key: string) => changed.get(key) ?? known.get(key) ?? {}
  const write = (key: string, change: ActivityProfile) => void changed.set(key, { ...read(key), ...change })
  if (learned !== null) {
    // Addresses of somebody who is erased are not kept here.
    if ('erased' in learned) changed.set(keyOfLearned(learned), {})
    else write(keyOfLearned(learned), { release: learned.release })
  }
  for (const observation of observations) {
    findings.push(...endHours(observation, read, write))
    for (const finding of judge(observation, read, write)) findings.push(...settle(finding, observation, read, write))
  }
  return { profiles: changed, findings }
}

type Read = (key: string) => ActivityProfile
type Write = (key: string, change: ActivityProfile) => void

function judge(observation: Observation, read: Read, write: Write): readonly Finding[] {
  const { use } = observation
  return [
    ...judgeNetworks(observation, read, write),
    ...(use === null ? [] : judgeHours(observation, use.request.signingPolicyId, read, write)),
    ...(use?.kind === 'submission' ? judgeSubmission(observation, read, write) : []),
    ...(use?.kind === 'denial' ? judgeDenial(observation, read, write) : []),
  ]
}

function judgeNetworks(observation: Observation, read: Read, write: Write): readonly Finding[] {
  const { userId, tokenId, network, at, evidence, use } = observation
  if (network === null) return []
  const key = streams.user(userId)
  const { networks = noNetworks, tokenUses = [] } = read(key)
  const findings: Finding[] = []
  const subject = aboutUser(observation, userId)
  const isRelease = use !== null && read(streams.signingPolicy(use.request.signingPolicyId)).release === true
  const unknown = isRelease ? newNetwork(networks, network) : undefined
  if (unknown !== undefined) findings.push({ facts: unknown, subject, evidence: [evidence] })
  write(key, { networks: withCall(networks, network, at) })
  if (tokenId === null) return findings
  const tokenUse = { ...evidence, tokenId, network, at }
  const areFamiliar = (one: string, other: string) => isFamiliar(networks, one) && isFamiliar(networks, other)
  const inTwo = tokenInTwoNetworks(tokenUses, tokenUse, areFamiliar)
  if (inTwo !== undefined) {
    const { eventId, streamId } = inTwo.other
    findings.push({ facts: inTwo.facts, subject, evidence: [{ eventId, streamId }, evidence] })
  }
  write(key, { tokenUses: withTokenUse(tokenUses, tokenUse) })
  return findings
}

function judgeHours(
  observation: Observation,
  signingPolicyId: NonNullable<UnusualSubject['signingPolicyId']>,
  read: Read,
  write: Write,
): readonly Finding[] {
  const { at, evidence, organizationId } = observation
  const ofPolicy = streams.signingPolicy(signingPolicyId)
  const ofOrganization = streams.organization(organizationId)
  if (read(ofPolicy).release !== true) return []
  const { hours = noHours } = read(ofPolicy)
  const { hours: allHours = noHours } = read(ofOrganization)
  const facts = knowsHours(hours) ? unusualHour(hours, 'signingPolicy', at) : unusualHour(allHours, 'organization', at)
  write(ofPolicy, { hours: withUse(hours, at) })
  write(ofOrganization, { hours: withUse(allHours, at) })
  return facts === undefined ? [] : [{ facts, subject: aboutPolicy(observation), evidence: [evidence] }]
}

function judgeSubmission(observation: Observation, read: Read, write: Write): readonly Finding[] {
  const { userId, at, evidence } = observation
  return [aboutUser(observation, userId), aboutPolicy(observation)].flatMap((subject) => {
    const key = keyOfSubject(subject)
    const submissions = withSubmission(read(key).submissions ?? noSubmissions, at, evidence)
    write(key, { submissions })
    const facts = burstOfSubmissions(submissions)
    return facts === undefined ? [] : [{ facts, subject, evidence: submissions.evidence }]
  })
}

function judgeDenial(observation: Observation, read: Read, write: Write): readonly Finding[] {
  const { at, evidence, use } = observation
  const submitter = use?.request.submitter ?? observation.userId
  return [aboutUser(observation, submitter), aboutPolicy(observation)].flatMap((subject) => {
    const key = keyOfSubject(subject)
    const denials = withDenial(read(key).denials ?? [], at, evidence)
    write(key, { denials })
    const facts = repeatedDenials(denials)
    const rests = denials.map(({ eventId, streamId }) => ({ eventId, streamId }))
    return facts === undefined ? [] : [{ facts, subject, evidence: rests }]
  })
}

/** Decides whether a finding is recorded now, by itself or with others, or counted. */
function settle(finding: Finding, observation: Observation, read: Read, write: Write): readonly RecordableFinding[] {
  const { facts, subject, evidence } = finding
  const { at, tokenId, organizationId } = observation
  const { rule } = facts
  const key = keyOfSubject(subject)
  const { found = {} } = read(key)
  const { count, after } = recordOrCount(found[rule], rule, at)
  write(key, { found: { ...found, [rule]: after } })
  if (count === undefined) return []
  const { foundTogether = {} } = read(streams.organization(organizationId))
  const limited = limitFinding(foundTogether[rule], subject, at)
  write(streams.organization(organizationId), { foundTogether: { ...foundTogether, [rule]: limited.after } })
  if (limited.further !== undefined) return [furtherFinding(rule, limited.further, observation)]
  if (!limited.alone) return []
  const data = {
    schemaVersion: 1,
    ...facts,
    ...subject,
    tokenId,
    signingRequestId: requestOfUse(observation),
    happenedAt: at,
    count,
    evidence,
  }
  const identity = JSON.stringify(['UnusualActivityDetected', rule, key, tokenId, observation.evidence.eventId])
  return [{ event: { type: 'UnusualActivityDetected', data }, identity, cause: observation }]
}

/** Ends the hours that are over, of all rules: what was left to be recorded together is recorded. */
function endHours(observation: Observation, read: Read, write: Write): readonly RecordableFinding[] {
  const key = streams.organization(observation.organizationId)
  const { foundTogether } = read(key)
  if (foundTogether === undefined) return []
  const entries = Object.entries(foundTogether) as [UnusualActivityRule, RecordedTogether][]
  const ended = entries.map(([rule, kept]) => ({ rule, kept, ...endHour(kept, observation.at) }))
  if (!ended.some(({ isOver }) => isOver)) return []
  const left = ended.filter(({ isOver }) => !isOver).map(({ rule, kept }) => [rule, kept])
  write(key, { foundTogether: Object.fromEntries(left) })
  return ended.flatMap(({ rule, further }) =>
    further === undefined ? [] : [furtherFinding(rule, further, observation)],
  )
}

function furtherFinding(
  rule: UnusualActivityRule,
  further: FurtherFindings,
  observation: Observation,
): RecordableFinding {
  const { organizationId, evidence, correlationId } = observation
  return {
    event: { type: 'FurtherUnusualActivityDetected', data: { schemaVersion: 1, rule, ...further } },
    identity: JSON.stringify(['FurtherUnusualActivityDetected', rule, organizationId, evidence.eventId]),
    // It is about several, who called from several addresses.
    cause: { organizationId, evidence, correlationId, remoteAddress: null },
  }
}
