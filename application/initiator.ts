import type { Actor, EventMetadata, Instant, OrganizationId } from '../domain/index.ts'
import type { Caller } from './caller.ts'

/** The service itself, setting up an organization at its first start. May do everything. */
export type Setup = {
  readonly setup: true
  readonly organizationId: OrganizationId
  /** A UUID of this start. */
  readonly callId: string
}

/** Who asks for something: a user, or the service's own set-up. */
export type Initiator = Caller | Setup

/** Whether it is the service's own set-up that asks. */
export function isSetup(initiator: Initiator): initiator is Setup {
  return 'setup' in initiator
}

/** Who acts, as events record it. */
export function actorOf(initiator: Initiator): Actor {
  return isSetup(initiator)
    ? { kind: 'system', component: 'setup' }
    : { kind: 'user', userId: initiator.userId, authentication: 'apiToken', tokenId: initiator.tokenId }
}

/** The metadata of an event that somebody caused. @param correlationId what the event belongs to; the call by default */
export function metadataFor(
  initiator: Initiator,
  occurredAt: Instant,
  correlationId = initiator.callId,
): EventMetadata {
  const remoteAddress = isSetup(initiator) ? undefined : initiator.remoteAddress
  return {
    organizationId: initiator.organizationId,
    actor: actorOf(initiator),
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
    correlationId,
    causationId: initiator.callId,
    occurredAt,
  }
}
