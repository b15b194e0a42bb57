import {
  type DomainEvent,
  fold,
  type SigningRequest,
  type SigningRequestCommand,
  signingRequestDecider,
  streams,
} from '../domain/index.ts'
import { type EventLog, prepareEvents } from '../event-log/index.ts'
import { type Authorised, advanced } from './authorise-signing.ts'
import { stepMetadata } from './request-step.ts'

/** The request's stream as the signer writes it: decided by the domain, at the revision that the authorisation rests on. */
export function requestStream(
  { log, now }: { readonly log: EventLog; readonly now: () => string },
  { signingRequestId }: Pick<SigningRequest, 'signingRequestId'>,
) {
  const streamId = streams.signingRequest(signingRequestId)
  return {
    async append(command: SigningRequestCommand, authorised: Authorised) {
      const { request, revision } = authorised
      const events = signingRequestDecider.decide(command, request)
      const metadata = stepMetadata(request, 'signer', now())
      const appended = await log.append(streamId, prepareEvents(streamId, revision, events, metadata), revision)
      return { events, authorised: advanced(authorised, evolved(request, events), appended.revision) }
    },
  }
}

function evolved(request: SigningRequest, events: readonly DomainEvent[]): SigningRequest {
  const state = fold(signingRequestDecider, events, request)
  return state.workflowStatus === 'none' ? request : state
}
