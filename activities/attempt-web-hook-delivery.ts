import {
  eventMetadata,
  fold,
  type Instant,
  type OrganizationId,
  parseWebHookSecret,
  signingSecrets,
  streams,
  type WebHook,
  type WebHookEvent,
  type WebHookId,
  type WebHookSecretId,
  type WebHookState,
  webHookDeadlineMs,
  webHookDecider,
  whenDeliveryIsAbandoned,
  whenReceiverIsGone,
} from '../domain/index.ts'
import { appendDecided, type EventLog, prepareEvents, readWholeStream } from '../event-log/index.ts'
import { type AfterAttempt, isFinal, type Notification, type NotificationStore } from '../notifications/index.ts'
import {
  type AttemptResult,
  type CallAddress,
  type LimitByKey,
  parseWebHookContent,
  pauseAfterAttempt,
  sendMessage,
  type WebHookContent,
} from '../notifications/web-hooks/index.ts'
import type { AfterDelivery, DeliveryAttempt, DeliveryEnd } from './contract.ts'

/** What telling web hooks needs. */
export type WebHookDeliveryDependencies = {
  readonly log: EventLog
  readonly notifications: NotificationStore
  readonly call: CallAddress
  /** What is kept sealed of a web hook; `undefined` when it is not there. */
  readonly readSecret: (place: {
    readonly organizationId: OrganizationId
    readonly purpose: 'webHookSecret' | 'webHookAuthorization'
    readonly id: WebHookSecretId
  }) => Promise<string | undefined>
  /** How many messages one web hook is sent at once. */
  readonly limit: LimitByKey
  readonly now: () => Instant
}

/** What is kept of an attempt: its result, and what was decided then. */
export type KeptAttempt = AttemptResult & {
  /** The web hook's address at that time. */
  readonly url: string
  readonly pauseMs: number | null
}

/**
 * Makes one attempt to deliver a message to a web hook, and keeps it with what follows. The web hook is as its stream says it
 * now: one that is not enabled gets nothing. An attempt that is kept is not made again; what belongs into the log because of
 * it is appended then, unless it is there.
 */
export async function attemptWebHookDelivery(
  dependencies: WebHookDeliveryDependencies,
  { id, round, attempt, remainingMs }: DeliveryAttempt,
  signal?: AbortSignal,
): Promise<AfterDelivery> {
  const { log, notifications, limit, now } = dependencies
  const notification = await notifications.find(id)
  if (notification === undefined) return { next: 'same', isUnknown: true }
  if (notification.round !== round) return { next: 'nothing', end: 'canceled' }
  const content = parseWebHookContent(notification.content)
  const kept = await notifications.attempt({ id, round, attempt })
  if (kept !== undefined) return conclude(dependencies, notification, content, JSON.parse(kept.facts))
  if (isFinal(notification.status)) return { next: 'nothing', end: notification.status }
  const hook = await hookOf(log, content.webHookId)
  if (hook.status !== 'enabled') {
    await notifications.finish({ id, round }, 'canceled', now())
    return { next: 'nothing', end: 'canceled' }
  }
  const leave = limit.enter(hook.webHookId)
  if (leave === undefined) return { next: 'same' }
  try {
    const at = now()
    const begun = performance.now()
    const result = await sendTo(dependencies, hook, { deliveryId: id, body: content.body }, signal)
    const durationMs = wasRefused(result) ? 0 : performance.now() - begun
    const left = Math.min(remainingMs, round === 0 ? remainingSince(notification.createdAt, at) : remainingMs)
    const pauseMs = result.outcome === 'failed' ? (pauseAfterAttempt(attempt, result, left) ?? null) : null
    const facts: KeptAttempt = { ...result, url: hook.url, pauseMs }
    const ended = now()
    await notifications.record(
      id,
      { round, attempt, at, durationMs, facts: JSON.stringify(facts) },
      afterwards(facts, ended),
    )
    return await conclude(dependencies, notification, content, facts)
  } finally {
    leave()
  }
}

async function sendTo(
  { call, readSecret, now }: WebHookDeliveryDependencies,
  hook: WebHook,
  { deliveryId, body }: { readonly deliveryId: string; readonly body: string },
  signal: AbortSignal | undefined,
): Promise<AttemptResult> {
  const { organizationId, authorizationId, url } = hook
  const at = now()
  const texts = await Promise.all(
    signingSecrets(hook, at).map((id) => readSecret({ organizationId, purpose: 'webHookSecret', id })),
  )
  const authorization =
    authorizationId === null
      ? null
      : await readSecret({ organizationId, purpose: 'webHookAuthorization', id: authorizationId })
  const secrets = texts.flatMap((text) => (text === undefined ? [] : [parseWebHookSecret(text)]))
  if (secrets.length === 0 || authorization === undefined)
    return {
      outcome: 'failed',
      status: null,
      answer: null,
      failure: 'WEB_HOOK_SECRET_LOST',
      message:
        "The web hook's secret or its Authorization value is not kept any more. Rotate the secret, and give the value again.",
      retryAfterMs: null,
    }
  return sendMessage(call, { id: deliveryId, url, body, secrets, authorization, signal }, Date.parse(at))
}

/** Says what follows from an attempt, and appends what the log is to say of it. */
async function conclude(
  { log, now }: WebHookDeliveryDependencies,
  { id, organizationId }: Notification,
  { webHookId, signingRequestId, eventType }: WebHookContent,
  { outcome, url, failure, pauseMs }: KeptAttempt,
): Promise<AfterDelivery> {
  if (pauseMs !== null) return { next: 'attempt', pauseMs }
  if (outcome === 'delivered') return { next: 'nothing', end: 'delivered' }
  const at = now()
  const about = { deliveryId: id, signingRequestId, eventType, lastFailure: failure ?? 'INTERNAL_ERROR' }
  const decide = (state: WebHookState): readonly WebHookEvent[] =>
    outcome === 'gone' ? whenReceiverIsGone(state, url) : whenDeliveryIsAbandoned(state, at, about)
  const streamId = streams.webHook(webHookId)
  const initiator = { actor: { kind: 'system', component: 'webHooks' }, callId: id } as const
  const metadata = eventMetadata(initiator, { organizationId, correlationId: id, occurredAt: at })
  await appendDecided(
    log,
    async () => {
      const { events, revision } = await readWholeStream(log, streamId)
      return { streamId, revision, events: decide(fold(webHookDecider, events)) }
    },
    ({ revision, events }) => prepareEvents(streamId, revision, events, metadata),
  )
  return { next: 'nothing', end: endOf(outcome) }
}

function afterwards({ outcome, pauseMs }: KeptAttempt, at: Instant): AfterAttempt {
  if (pauseMs !== null) return { status: 'underWay', nextAttemptAt: new Date(Date.parse(at) + pauseMs).toISOString() }
  return { status: endOf(outcome), finishedAt: at }
}

function endOf(outcome: KeptAttempt['outcome']): DeliveryEnd {
  if (outcome === 'delivered') return 'delivered'
  return outcome === 'gone' ? 'canceled' : 'abandoned'
}

/** What waited in the outbox for long has that much less time. */
function remainingSince(createdAt: Instant, at: Instant): number {
  return webHookDeadlineMs - (Date.parse(at) - Date.parse(createdAt))
}

/** Of an address that may not be called nothing is told, also not how long it took to find that out. */
function wasRefused({ failure }: AttemptResult): boolean {
  return failure === 'OUTGOING_ADDRESS_REFUSED'
}

async function hookOf(log: EventLog, webHookId: WebHookId): Promise<WebHookState> {
  return fold(webHookDecider, (await readWholeStream(log, streams.webHook(webHookId))).events)
}
