import { CliError } from './cli-error.ts'
import type { Connection } from './connection/connection.ts'
import { ask } from './connection/graphql.ts'
import type { Changed } from './documents/request-changes.ts'
import type { RequestDetails } from './documents/request-fields.ts'
import { oneRequest } from './documents/requests.ts'
import type { Invocation } from './invocation.ts'
import { statusText } from './output/request-table.ts'

/**
 * Prints what a change did: the request with the change in it. When the read model does not get there in time, that is
 * a warning and no failure, because the change is in the log.
 *
 * @param verb past tense, e.g. `Approved`
 * @param facts further fields of the JSON answer
 */
export async function reportChange(
  { report }: Invocation,
  connection: Connection,
  verb: string,
  { signingRequestId, position }: Changed,
  facts: Readonly<Record<string, string>> = {},
): Promise<void> {
  let signingRequest: RequestDetails | null = null
  try {
    const answer = await ask(connection, oneRequest, { id: signingRequestId, minimumPosition: position })
    signingRequest = answer.signingRequest
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    report.warn(`The change is in the log, but the request cannot be shown: ${error.code}: ${error.message}`)
  }
  const where = signingRequest === null ? '' : ` It is ${statusText(signingRequest)} now.`
  report.result(
    { signingRequestId, position, ...facts, signingRequest },
    () => `${verb} ${signingRequestId}.${where}\n`,
  )
}
