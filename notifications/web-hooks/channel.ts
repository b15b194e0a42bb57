import {
  asEventOf,
  fold,
  type Instant,
  isFinalStatus,
  parseStreamName,
  type SigningRequest,
  type SigningRequestState,
  signingRequestDecider,
  type WebHookEventType,
  type WebHookState,
  webHookDecider,
} from '../../domain/index.ts'
import {
  type EventLog,
  type EventLogError,
  isFaultOfOneStream,
  type LogEntry,
  type RecordedEvent,
  readWholeStream,
  uuidFromText,
} from '../../event-log/index.ts'
import type { ChannelOfLog, CollectContext } from '../follow-log.ts'
import type { NewNotification } from '../notification-store.ts'
import { type WebHookContent, webHookBody, webHookLane } from './message.ts'

/** The web hooks of an organization by their ids, as far as the log was read. */
type HooksOfOrganization = Record<string, WebHookState>

/** What each event of a request may be told as. */
const eventTypes: Readonly<Partial<Record<string, WebHookEventType>>> = {
  SigningRequestSubmitted: 'submitted',
  SigningPlanned: 'waitingForApproval',
  ApprovalGranted: 'approved',
  ApprovalDenied: 'denied',
  ApprovalExpired: 'denied',
  SigningRequestCanceled: 'canceled',
  SigningRequestFailed: 'failed',
  SigningRequestCompleted: 'completed',
}

/**
 * Tells web hooks what happens to signing requests: those that are there and enabled when the log says it, and only what happens
 * after they came to be. It remembers an organization's web hooks under the organization's id.
 */
export function webHookChannel({
  log,
  now,
  onPassedOver,
}: {
  readonly log: Pick<EventLog, 'readStream'>
  readonly now: () => Instant
  /** Called with an event that is not told, since its stream is damaged. */
  readonly onPassedOver?: (event: Pick<RecordedEvent, 'streamId' | 'revision'>, error: EventLogError) => void
}): ChannelOfLog {
  async function collect(entries: readonly LogEntry[], { recall, tellFrom }: CollectContext) {
    const events = entries.filter(concernsWebHooks)
    const known = await recall(events.map(({ metadata }) => metadata.organizationId))
    const organizations = new Map<string, HooksOfOrganization>(
      [...known].map(([organizationId, hooks]) => [organizationId, JSON.parse(hooks)]),
    )
    const remembered = new Map<string, string>()
    const notifications: NewNotification[] = []
    const again: { readonly id: string; readonly round: number }[] = []
    for (const event of events) {
      const { organizationId } = event.metadata
      const hooks = organizations.get(organizationId) ?? {}
      const name = parseStreamName(event.streamId)
      if (name?.kind === 'webHook') {
        const { [name.id]: before, ...others } = hooks
        const hook = hookAfter(before, event)
        // What was deleted is told nothing for good: it is not kept, however many were made and deleted.
        const next = hook.status === 'none' || hook.status === 'deleted' ? others : { ...others, [name.id]: hook }
        organizations.set(organizationId, next)
        remembered.set(organizationId, JSON.stringify(next))
      } else if (name?.kind === 'webHookDelivery')
        // The round follows from the event: a log that is followed anew has nothing sent again that was.
        again.push({ id: name.id, round: event.revision + 1 })
      else if (event.metadata.occurredAt >= tellFrom) notifications.push(...(await messagesFor(event, hooks)))
    }
    return { remembered, notifications, again }
  }

  async function messagesFor(event: RecordedEvent, hooks: HooksOfOrganization): Promise<NewNotification[]> {
    const eventType = eventTypes[event.type]
    const interested = Object.values(hooks).filter(
      (hook) => hook.status === 'enabled' && eventType !== undefined && hook.eventTypes.includes(eventType),
    )
    if (eventType === undefined || interested.length === 0) return []
    const request = await requestAfter(event, eventType)
    if (request === undefined) return []
    const { organizationId, occurredAt } = event.metadata
    const body = webHookBody({ eventType, request, occurredAt })
    const { signingRequestId } = request
    return interested.flatMap((hook) => {
      if (hook.status === 'none' || (hook.projectId !== null && hook.projectId !== request.projectId)) return []
      const { webHookId } = hook
      const content: WebHookContent = { webHookId, signingRequestId, eventType, body }
      const id = uuidFromText(JSON.stringify(['web hook delivery', webHookId, event.id]))
      const lane = webHookLane(webHookId)
      return [{ id, organizationId, lane, content: JSON.stringify(content), createdAt: now() }]
    })
  }

  /** The request after an event; `undefined` when the event did not make of it what it may be told as. */
  async function requestAfter(event: RecordedEvent, eventType: WebHookEventType): Promise<SigningRequest | undefined> {
    try {
      const { events } = await readWholeStream(log, event.streamId)
      const before: SigningRequestState = fold(
        signingRequestDecider,
        events.filter(({ revision }) => revision < event.revision),
      )
      const after = fold(signingRequestDecider, [event], before)
      return after.workflowStatus !== 'none' && became(eventType, before, after) ? after : undefined
    } catch (error) {
      // A stream that is damaged costs its own request's messages: nobody else's wait for it to be mended.
      if (!isFaultOfOneStream(error)) throw error
      onPassedOver?.(event, error)
      return undefined
    }
  }

  return { channel: 'webHooks', collect }
}

/** A damaged event of a web hook changes nothing of what is known of it. */
function concernsWebHooks(entry: LogEntry): entry is RecordedEvent {
  if ('reason' in entry) return false
  return eventTypes[entry.type] !== undefined || /^webHook(Delivery)?-/.test(entry.streamId)
}

/** What is no event of web hooks, or of a later form, is not passed over: it could be what turns one off. */
function hookAfter(before: WebHookState | undefined, event: RecordedEvent): WebHookState {
  return webHookDecider.evolve(before ?? webHookDecider.initialState(), asEventOf(webHookDecider, event))
}

/** An event that came too late changes nothing of a request, and is not told. */
function became(eventType: WebHookEventType, before: SigningRequestState, after: SigningRequest): boolean {
  switch (eventType) {
    case 'submitted':
      return before.workflowStatus === 'none'
    case 'waitingForApproval':
      return after.workflowStatus === 'WaitingForApproval'
    case 'approved':
      return before.workflowStatus !== 'none' && before.approvals !== after.approvals
    default:
      return !isFinalStatus(workflowStatusOf(before)) && isFinalStatus(after.workflowStatus)
  }
}

function workflowStatusOf(state: SigningRequestState) {
  return state.workflowStatus === 'none' ? 'Submitted' : state.workflowStatus
}
