import { runsOf } from './eventstoredb-answers.ts'
import type { EventStoreDbConnection } from './eventstoredb-connection.ts'
import { type ReadOptions, readBatches } from './eventstoredb-read.ts'
import { streamRequest } from './eventstoredb-requests.ts'
import { type MissingRevisions, missingFailure } from './stream-order.ts'

/** The `$tb` of a stream that was deleted so that it can be begun again: 2^63 − 1. */
const deletedMark = /"\$tb"\s*:\s*9223372036854775807\b/

/** What an administrator can set on a stream so that its beginning is not shown, and is removed when the server tidies up. */
const concealing = ['$tb', '$maxCount', '$maxAge'] as const

/**
 * Refuses a stream of which revisions are missing, saying why as far as the server knows.
 *
 * @throws EventLogError as {@link missingFailure} makes it; the bare gRPC error
 */
export async function refuseMissing(
  { connection, names, silenceMs }: ReadOptions,
  streamId: string,
  missing: MissingRevisions | undefined,
): Promise<void> {
  if (missing === undefined) return
  const why = await readConcealment(connection, names.onServer(streamId), silenceMs)
  throw missingFailure(streamId, missing, why ?? 'EventStoreDB has lost them.')
}

/**
 * Refuses a stream that shows nothing because it was hidden: the server answers then as if it had never been.
 *
 * @throws EventLogError as {@link missingFailure} makes it; the bare gRPC error
 */
export async function refuseConcealed(options: ReadOptions, streamId: string): Promise<void> {
  const { connection, names, silenceMs } = options
  const name = names.onServer(streamId)
  const newestOfStream = streamRequest(name, { direction: 'backwards', fromRevision: undefined, maxCount: 1 })
  for await (const _ of readBatches(newestOfStream, options)) return
  const why = await readConcealment(connection, name, silenceMs)
  if (why !== undefined) throw missingFailure(streamId, { first: 0, last: undefined }, why)
}

/**
 * Why a stream does not show all of its events, as its metadata on the server says.
 *
 * @param name the stream's name on the server
 * @returns a sentence; `undefined` when the metadata hides nothing
 * @throws the bare gRPC error
 */
async function readConcealment(
  connection: EventStoreDbConnection,
  name: string,
  silenceMs: number,
): Promise<string | undefined> {
  const request = streamRequest(`$$${name}`, { direction: 'backwards', fromRevision: undefined, maxCount: 1 })
  for await (const messages of runsOf(connection.read(request), silenceMs))
    for (const message of messages) {
      const text = Buffer.from(message.getEvent()?.getEvent()?.getData_asU8() ?? []).toString('utf8')
      if (deletedMark.test(text)) return 'It was deleted in EventStoreDB.'
      const set = concealing.filter((name) => text.includes(`"${name}"`))
      if (set.length > 0) return `Its metadata in EventStoreDB hides events: ${set.join(', ')}.`
    }
  return undefined
}
