import type { Command } from 'commander'
import { withAllEvents } from '../all-pages.ts'
import { CliError } from '../cli-error.ts'
import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import type { RequestDetails } from '../documents/request-fields.ts'
import { requestWithEvents } from '../documents/requests.ts'
import { parseId } from '../entity-id.ts'
import { requestNotFound } from '../following/follow-request.ts'
import { connect, type Invocation, withConnection } from '../invocation.ts'
import { timeLine } from '../output/event-text.ts'
import { planText } from '../output/plan-text.ts'
import type { Report } from '../output/report.ts'
import { requestText } from '../output/request-details.ts'
import { type CheckedPlan, fetchPlan, filesShown } from '../signing-plan.ts'

type Options = ConnectionOptions & { readonly allFiles?: true }

/** `countersign request show`. With `--json`: the request's fields, with `plan.document`, `plan.files` and `events`. */
export function define(command: Command, invocation: Invocation): void {
  withConnection(command)
    .argument('<id>', 'the signing request')
    .option('--all-files', `show all files that will be signed, not only the first ${filesShown}`)
    .action(async (text: string, options: Options) => {
      const id = parseId(text, 'signing request')
      const connection = await connect(invocation, options, 'ci')
      const { report } = invocation
      const { events, ...request } = await withAllEvents<RequestDetails>(
        async (after) =>
          (await ask(connection, requestWithEvents, { id, after, minimumPosition: null })).signingRequest,
        () => requestNotFound(id),
      )
      const checked = request.plan === null ? undefined : await planOrWarning(connection, id, options, report)
      const { plan: document = null, files = [] } = checked ?? {}
      const plan = request.plan === null ? null : { ...request.plan, document, files }
      report.result({ ...request, plan, events }, () =>
        [
          requestText(request, report.marker),
          ...(checked === undefined ? [] : [planText(checked, report.marker)]),
          timeLine(events, report.marker),
        ].join('\n'),
      )
    })
}

// The plan is kept apart from the log; a request must be visible even when its plan is not.
async function planOrWarning(
  connection: Connection,
  id: string,
  { allFiles }: Options,
  report: Report,
): Promise<CheckedPlan | undefined> {
  try {
    return await fetchPlan(connection, id, allFiles ? Number.POSITIVE_INFINITY : filesShown)
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    report.warn(`The plan cannot be shown: ${error.code}: ${error.message}`)
    return undefined
  }
}
