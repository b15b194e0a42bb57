import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { resubmitRequest } from '../documents/request-changes.ts'
import { parseId } from '../entity-id.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { reportChange } from '../report-change.ts'
import { sendSubmission, submissionNotices } from '../submit-artifact.ts'
import { beginWait } from '../waiting.ts'

type Options = ConnectionOptions & {
  readonly policy: string
  readonly description?: string
  readonly idempotencyKey?: string
}

/** `countersign request resubmit`. With `--json`: `{ signingRequestId, position, resubmittedFrom, signingRequest }`. */
export function define(command: Command, invocation: Invocation): void {
  explain(
    command,
    "Submits the artifact of a completed request again, to another signing policy of its project, without sending its bytes: a release candidate that was tested becomes the release. The new policy judges the original's origin. `countersign sign --attach ID` waits for the signature and saves the file.",
  )
  withConnection(command)
    .argument('<id>', 'the signing request that is completed')
    .requiredOption('--policy <slug>', "the signing policy (slug in the request's project, or id)")
    .option('--description <text>', 'what this is, for those who approve')
    .option(
      '--idempotency-key <key>',
      'your name for this submission: resubmitting again under it finds the request that is there (default: a new one)',
    )
    .action(async (text: string, options: Options) => {
      const { terminal, report } = invocation
      const resubmittedFrom = parseId(text, 'signing request')
      const { policy: signingPolicy, description = null, idempotencyKey = randomUUID() } = options
      const connection = await connect(invocation, options, 'ci')
      const wait = beginWait(terminal.interruption())
      try {
        const input = { originalSigningRequestId: resubmittedFrom, signingPolicy, description, idempotencyKey }
        const again = `Resubmit again with \`--idempotency-key ${JSON.stringify(idempotencyKey)}\`: it finds the request that is there, or makes it.`
        const changed = await sendSubmission(
          async () => (await ask(connection, resubmitRequest, { input })).resubmitSigningRequest,
          again,
          { signal: wait.signal, notices: submissionNotices(report) },
        )
        await reportChange(invocation, connection, 'Submitted again as', changed, { resubmittedFrom })
      } catch (error) {
        throw wait.explain(error, 'Nothing was submitted.')
      } finally {
        wait.end()
      }
    })
}
