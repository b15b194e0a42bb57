import {
  type ActivityProfile,
  type Actor,
  type ApiTokenId,
  detect,
  eventMetadata,
  type Instant,
  needsSubmission,
  type ObservedEvent,
  type ObservedRequest,
  type OrganizationId,
  observe,
  profilesFor,
  type RecordableFinding,
  type SigningPolicyId,
  type SigningRequestId,
  streams,
  type UnusualActivityRule,
  type UserId,
} from '../../domain/index.ts'
import { type EventLog, uuidFromText } from '../../event-log/index.ts'

/** A UUID that a number stands for; `what` keeps those of different things apart. */
export function numbered<Id extends string>(what: number, number: number): Id {
  return `${String(what).padStart(8, '0')}-0000-4000-8000-${String(number).padStart(12, '0')}` as Id
}

/** Whom and what the tests of unusual activity are about, by numbers. */
export const acting = {
  organization: (number = 1) => numbered<OrganizationId>(1, number),
  user: (number = 1) => numbered<UserId>(2, number),
  policy: (number = 1) => numbered<SigningPolicyId>(3, number),
  token: (number = 1) => numbered<ApiTokenId>(4, number),
  request: (number = 1) => numbered<SigningRequestId>(5, number),
}

/** Who does what, when and from where. */
export type Act = {
  readonly at: Instant
  readonly organization?: number
  readonly user?: number
  readonly policy?: number
  readonly token?: number
  readonly from?: string | undefined
  /** Of an approval or denial: whose request; by default the user 1's. */
  readonly submitter?: number
  /** Of an approval or denial: which request. */
  readonly request?: number
}

/** A moment so many days, hours, minutes and seconds after a Monday. */
export function moment(days: number, hours = 10, minutes = 0, seconds = 0): Instant {
  return new Date(Date.UTC(2026, 2, 2 + days, hours, minutes, seconds)).toISOString()
}

/** Makes events as a log has them, each with an id of its own; the numbers of ids begin after `first`. */
export function activityLog(first = 0) {
  let events = first
  let requests = first + 1_000

  function event(type: string, streamId: string, data: object, act: Act, actor?: Actor): ObservedEvent {
    events += 1
    const { at, organization, user, token = user, from = '192.0.2.1' } = act
    const byToken = {
      kind: 'user',
      userId: acting.user(user),
      authentication: { method: 'apiToken', tokenId: acting.token(token) },
    } as const
    const initiator = { actor: actor ?? byToken, remoteAddress: from, callId: numbered(6, events) }
    const metadata = eventMetadata(initiator, { organizationId: acting.organization(organization), occurredAt: at })
    return { id: numbered(9, events), streamId, type, data: { schemaVersion: 1, ...data }, metadata }
  }

  const requestOf = (signingRequestId: SigningRequestId, { policy, submitter, user }: Act, isOwn: boolean) => ({
    signingRequestId,
    signingPolicyId: acting.policy(policy),
    submitter: acting.user(isOwn ? user : submitter),
  })

  const decided = (type: string) => (act: Act) => {
    requests += 1
    const id = acting.request(act.request ?? requests)
    return event(
      type,
      streams.signingRequest(id),
      { approver: acting.user(act.user), request: requestOf(id, act, false) },
      act,
    )
  }

  return {
    policy: (act: Act, release = true) =>
      event('SigningPolicyCreated', streams.signingPolicy(acting.policy(act.policy)), { settings: { release } }, act),
    submit: (act: Act) => {
      requests += 1
      const id = acting.request(requests)
      return event('SigningRequestSubmitted', streams.signingRequest(id), requestOf(id, act, true), act)
    },
    /** The number of the newest request. */
    lastRequest: () => requests,
    approve: decided('ApprovalGranted'),
    deny: decided('ApprovalDenied'),
    change: (act: Act) =>
      event('ProjectChanged', `project-${numbered(7, 1)}`, { name: 'Tool', description: null }, act),
    refuse: (act: Act) =>
      event(
        'CommandRefused',
        streams.security(acting.organization(act.organization), act.at),
        { code: 'FORBIDDEN', commands: ['createProject'], subject: null, count: 1, firstAt: act.at, lastAt: act.at },
        act,
      ),
    erase: (act: Act) => event('UserErased', streams.user(acting.user(act.user)), {}, { ...act, user: 99 }),
  }
}

/** What is found in events, and the profiles afterwards. */
export function findIn(
  events: readonly ObservedEvent[],
  profiles: Map<string, ActivityProfile> = new Map(),
): { readonly findings: readonly RecordableFinding[]; readonly profiles: Map<string, ActivityProfile> } {
  const findings = events.flatMap((event) => {
    // A log has the request of a decision in the stream's first event.
    const { request } = event.data as { readonly request?: ObservedRequest }
    const observed = observe(event, needsSubmission(event) ? request : undefined)
    const known = new Map(
      profilesFor(observed).flatMap((key) => {
        const profile = profiles.get(key)
        return profile === undefined ? [] : [[key, profile] as const]
      }),
    )
    const detected = detect(observed, known)
    for (const [key, profile] of detected.profiles)
      profiles.set(key, JSON.parse(JSON.stringify(profile)) as ActivityProfile)
    return detected.findings
  })
  return { findings, profiles }
}

/** The findings of one rule that were recorded by themselves. */
export function foundBy(rule: UnusualActivityRule, findings: readonly RecordableFinding[]) {
  return findings.flatMap(({ event }) =>
    event.type === 'UnusualActivityDetected' && event.data.rule === rule ? [event.data] : [],
  )
}

/** Appends events to a log, in their order, each at the end of its stream. */
export async function appendAll(log: Pick<EventLog, 'append'>, events: readonly ObservedEvent[]): Promise<void> {
  const ends = new Map<string, number>()
  for (const { id, streamId, type, data, metadata } of events) {
    const end = ends.get(streamId)
    const { revision } = await log.append(streamId, [{ id, type, data, metadata }], end ?? 'noStream')
    ends.set(streamId, revision)
  }
}

/** What was found, as a log has it: by stream, the event. Without what differs between runs: when it was recorded, where it stands. */
export async function recordedFindings(log: Pick<EventLog, 'readAll'>) {
  const findings: { readonly streamId: string; readonly type: string; readonly data: unknown }[] = []
  for await (const batch of log.readAll())
    for (const { streamId, type, data } of batch)
      if (streamId.startsWith('unusualActivity-')) findings.push({ streamId, type, data })
  return findings.toSorted((one, other) => (one.streamId < other.streamId ? -1 : 1))
}

/** The same of findings that a fold of all events gives at once. */
export function expectedFindings(events: readonly ObservedEvent[]) {
  const requests = new Map<string, ObservedRequest>()
  for (const { type, streamId, data } of events)
    if (type === 'SigningRequestSubmitted') requests.set(streamId, data as unknown as ObservedRequest)
  const withRequests = events.map((event) =>
    needsSubmission(event) ? { ...event, data: { ...event.data, request: requests.get(event.streamId) } } : event,
  )
  return findIn(withRequests)
    .findings.map(({ identity, event: { type, data } }) => ({
      streamId: streams.unusualActivity(uuidFromText(identity)),
      type,
      data: data as unknown,
    }))
    .toSorted((one, other) => (one.streamId < other.streamId ? -1 : 1))
}
