import shared from '@eventstore/db-client/generated/shared_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import { EventLogError, type ExpectedRevision, type LogPosition } from './event-log.ts'
import type { EventStoreDbConnection } from './eventstoredb-connection.ts'
import { encodeEventStoreDbPosition, safeRevision } from './eventstoredb-events.ts'
import { failureDetail, failureKind } from './eventstoredb-failure.ts'
import type { SerialisedEvent } from './serialise.ts'

/** Where an append arrived; older servers do not repeat the position when they recognise a retry. */
export type AppendAnswer = { readonly revision: number; readonly position: LogPosition | undefined }

/**
 * Appends once. The server decides: expected revision, all or none, event ids that it has seen.
 *
 * @throws EventLogError `EVENT_LOG_WRONG_EXPECTED_REVISION`; any other failure is the bare gRPC error
 */
export async function appendOnce(
  connection: EventStoreDbConnection,
  streamId: string,
  events: readonly SerialisedEvent[],
  expected: ExpectedRevision,
): Promise<AppendAnswer> {
  const response = await connection
    .append([header(streamId, expected), ...events.map(proposal)])
    .catch((error: unknown): never => {
      // Servers before 21 say it as a gRPC error, later ones in the answer.
      if (failureKind(error) !== 'wrong-expected-version') throw error
      throw conflict(streamId, expected, failureDetail(error, 'actual-version'))
    })
  const success = response.getSuccess()
  if (success === undefined) {
    const wrong = response.getWrongExpectedVersion()
    throw conflict(streamId, expected, wrong?.hasCurrentRevision() ? wrong.getCurrentRevision() : undefined)
  }
  const position = success.getPosition()
  return {
    revision: safeRevision(BigInt(success.getCurrentRevision())),
    position:
      position &&
      encodeEventStoreDbPosition({
        commit: BigInt(position.getCommitPosition()),
        prepare: BigInt(position.getPreparePosition()),
      }),
  }
}

function header(streamId: string, expected: ExpectedRevision) {
  const stream = new shared.StreamIdentifier().setStreamName(Buffer.from(streamId, 'utf8'))
  const options = new streams.AppendReq.Options().setStreamIdentifier(stream)
  if (expected === 'any') options.setAny(new shared.Empty())
  else if (expected === 'noStream') options.setNoStream(new shared.Empty())
  else options.setRevision(String(expected))
  return new streams.AppendReq().setOptions(options)
}

function proposal({ id, type, data, metadata }: SerialisedEvent) {
  const message = new streams.AppendReq.ProposedMessage()
    .setId(new shared.UUID().setString(id))
    .setData(Buffer.from(data, 'utf8'))
    .setCustomMetadata(Buffer.from(metadata, 'utf8'))
  message.getMetadataMap().set('type', type).set('content-type', 'application/json')
  return new streams.AppendReq().setProposedMessage(message)
}

function conflict(streamId: string, expected: ExpectedRevision, current: string | undefined): EventLogError {
  const exists = current !== undefined && !current.startsWith('-')
  const actualRevision = exists ? safeRevision(BigInt(current)) : 'noStream'
  return new EventLogError(
    'EVENT_LOG_WRONG_EXPECTED_REVISION',
    `Stream ${streamId} is at revision ${actualRevision}, not at ${expected}, and does not hold these events there.`,
    { actualRevision },
  )
}
