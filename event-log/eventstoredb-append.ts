import shared from '@eventstore/db-client/generated/shared_pb.js'
import streams from '@eventstore/db-client/generated/streams_pb.js'
import { EventLogError, type ExpectedRevision, type LogPosition } from './event-log.ts'
import type { EventStoreDbConnection } from './eventstoredb-connection.ts'
import { encodeEventStoreDbPosition, safeRevision } from './eventstoredb-events.ts'
import { failureDetail, failureKind } from './eventstoredb-failure.ts'
import { streamIdentifier } from './eventstoredb-requests.ts'
import type { SerialisedEvent } from './serialise.ts'
import { missingFailure } from './stream-order.ts'

/** Where an append arrived; older servers do not repeat the position when they recognise a retry. */
export type AppendAnswer = { readonly revision: number; readonly position: LogPosition | undefined }

/** Where an append goes. */
export type AppendTarget = {
  readonly streamId: string
  /** The stream's name on the server. */
  readonly name: string
  /** How long it may take, in milliseconds. */
  readonly limitMs: number
}

/**
 * Appends once. The server decides: expected revision, all or none, event ids that it has seen.
 *
 * @throws EventLogError `EVENT_LOG_WRONG_EXPECTED_REVISION`, `EVENT_LOG_CORRUPT`; any other failure is the bare gRPC error
 */
export async function appendOnce(
  connection: EventStoreDbConnection,
  { streamId, name, limitMs }: AppendTarget,
  events: readonly SerialisedEvent[],
  expected: ExpectedRevision,
): Promise<AppendAnswer> {
  const response = await connection
    .append([header(name, expected), ...events.map(proposal)], limitMs)
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
  const revision = safeRevision(BigInt(success.getCurrentRevision()))
  // The server takes a stream that was deleted for one that does not exist, and goes on with its revisions.
  if (expected === 'noStream' && revision !== events.length - 1)
    throw missingFailure(streamId, { first: 0, last: revision - events.length }, 'It was deleted in EventStoreDB.')
  return {
    revision,
    position:
      position &&
      encodeEventStoreDbPosition({
        commit: BigInt(position.getCommitPosition()),
        prepare: BigInt(position.getPreparePosition()),
      }),
  }
}

function header(name: string, expected: ExpectedRevision) {
  const options = new streams.AppendReq.Options().setStreamIdentifier(streamIdentifier(name))
  if (expected === 'noStream') options.setNoStream(new shared.Empty())
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
