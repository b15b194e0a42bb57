import type { Command } from 'commander'
import { withClientCertificate } from '../client-certificate-options.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import type { RequestDetails } from '../documents/request-fields.ts'
import { parseDuration } from '../duration.ts'
import { parseId } from '../entity-id.ts'
import { followRequest } from '../following/follow-request.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { outcomeError } from '../outcome.ts'
import { eventText } from '../output/event-text.ts'
import { readableTime } from '../output/quantities.ts'
import { delayText } from '../output/request-details.ts'
import { safeText } from '../output/safe-text.ts'
import { beginWait, howToContinue } from '../waiting.ts'

type Options = ConnectionOptions & { readonly timeout?: string }

/**
 * `countersign request watch`. With `--json`, a line for each event (`{ kind: "event", signingRequestId, revision, type,
 * occurredAt, actor, data }`), and at the end one for the request (`{ kind: "request", signingRequest }`).
 */
export function define(command: Command, invocation: Invocation): void {
  withClientCertificate(withConnection(command))
    .argument('<id>', 'the signing request')
    .option('--timeout <duration>', 'give up waiting after this long (90s, 15m, 2h); the request goes on')
    .action(async (text: string, options: Options) => {
      const id = parseId(text, 'signing request')
      const timeout = options.timeout === undefined ? undefined : parseDuration(options.timeout, '--timeout')
      const connection = await connect(invocation, options, 'ci')
      const { terminal, report } = invocation
      const { marker } = report
      const wait = beginWait(terminal.interruption(), timeout)
      let last: RequestDetails | undefined
      try {
        for await (const { events, request } of followRequest(connection, id, { report, signal: wait.signal })) {
          for (const event of events)
            report.line({ kind: 'event', signingRequestId: id, ...event }, () => {
              const time = marker('faint', readableTime(event.occurredAt))
              return `${time}  ${safeText(eventText(event))}\n`
            })
          const waits = delayText(request, events)
          if (waits !== undefined) report.note(waits, 'waiting')
          last = request
        }
      } catch (error) {
        throw wait.explain(error, howToContinue(id))
      } finally {
        wait.end()
      }
      report.line({ kind: 'request', signingRequest: last }, () => '')
      const error = last === undefined ? undefined : outcomeError(last)
      if (error !== undefined) throw error
    })
}
