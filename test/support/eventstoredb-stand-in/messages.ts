import shared from '@eventstore/db-client/generated/shared_pb.js'
import type { AppendReq, ReadReq } from '@eventstore/db-client/generated/streams_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import type { AppendOutcome, ProposedEvent, ProtocolExpectation, StoredEvent } from './store.ts'

/** A stored event as an answer to a read. */
export function eventMessage(event: StoredEvent) {
  const position = String(event.position)
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString(event.id))
    .setStreamIdentifier(streamIdentifier(event.streamId))
    .setStreamRevision(String(event.revision))
    .setCommitPosition(position)
    .setPreparePosition(position)
    .setData(event.data)
    .setCustomMetadata(event.metadata)
  recorded.getMetadataMap().set('type', event.type).set('content-type', event.contentType).set('created', '0')
  return new streams.ReadResp().setEvent(
    new streams.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(position),
  )
}

/** The name of a stream as messages carry it. */
export function streamIdentifier(streamId: string) {
  return new shared.StreamIdentifier().setStreamName(Buffer.from(streamId, 'utf8'))
}

/** The name that a message carries. */
export function streamName(identifier: { getStreamName_asU8(): Uint8Array } | undefined): string {
  return Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8')
}

/** What the first message of an append asks for. */
export function appendTarget(options: AppendReq.Options): { streamId: string; expected: ProtocolExpectation } {
  const expected = options.hasAny() ? -2 : options.hasNoStream() ? -1 : Number(options.getRevision())
  return { streamId: streamName(options.getStreamIdentifier()), expected }
}

/** What a further message of an append proposes. */
export function proposedEvent(message: AppendReq.ProposedMessage): ProposedEvent {
  const metadata = message.getMetadataMap()
  return {
    id: message.getId()?.getString().toLowerCase() ?? '',
    type: metadata.get('type') ?? '',
    contentType: metadata.get('content-type') ?? '',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  }
}

/** The answer to an append. Old servers leave the position out when they recognise a retry. */
export function appendAnswer(
  outcome: Exclude<AppendOutcome, { readonly kind: 'streamDeleted' }>,
  expected: ProtocolExpectation,
  leavesOutPosition: boolean,
) {
  if (outcome.kind === 'wrongExpectedVersion') {
    const wrong = new streams.AppendResp.WrongExpectedVersion()
    if (outcome.current === -1) wrong.setCurrentNoStream(new shared.Empty())
    else wrong.setCurrentRevision(String(outcome.current))
    if (expected === -2) wrong.setExpectedAny(new shared.Empty())
    else if (expected === -1) wrong.setExpectedNoStream(new shared.Empty())
    else wrong.setExpectedRevision(String(expected))
    return new streams.AppendResp().setWrongExpectedVersion(wrong)
  }
  const position = String(outcome.last.position)
  const success = new streams.AppendResp.Success().setCurrentRevision(String(outcome.last.revision))
  if (leavesOutPosition && outcome.kind === 'recognised') success.setNoPosition(new shared.Empty())
  else success.setPosition(new streams.AppendResp.Position().setCommitPosition(position).setPreparePosition(position))
  return new streams.AppendResp().setSuccess(success)
}

/** Which events a filter lets through: by type or stream, by expression or prefix. */
export function matches(filter: ReadReq.Options.FilterOptions | undefined): (event: StoredEvent) => boolean {
  if (filter === undefined) return () => true
  const expression = filter.getEventType() ?? filter.getStreamIdentifier()
  const subject = (event: StoredEvent) => (filter.hasEventType() ? event.type : event.streamId)
  const regex = expression?.getRegex()
  if (regex) return (event) => new RegExp(regex).test(subject(event))
  const prefixes = expression?.getPrefixList() ?? []
  return (event) => prefixes.some((prefix) => subject(event).startsWith(prefix))
}
