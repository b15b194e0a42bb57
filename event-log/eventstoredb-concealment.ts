import { runsOf } from './eventstoredb-answers.ts'
import type { EventStoreDbConnection } from './eventstoredb-connection.ts'
import { streamRequest } from './eventstoredb-requests.ts'

/** The `$tb` of a stream that was deleted so that it can be begun again: 2^63 − 1. */
const deletedMark = /"\$tb"\s*:\s*9223372036854775807\b/

/** What an administrator can set on a stream so that its beginning is not shown, and is removed when the server tidies up. */
const concealing = ['$tb', '$maxCount', '$maxAge'] as const

/**
 * Why a stream does not show all of its events, as its metadata on the server says.
 *
 * @param name the stream's name on the server
 * @returns a sentence; `undefined` when the metadata hides nothing
 * @throws the bare gRPC error
 */
export async function readConcealment(
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
