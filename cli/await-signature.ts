import type { Connection } from './connection/connection.ts'
import type { Destination } from './destination.ts'
import type { RequestDetails } from './documents/request-fields.ts'
import { noteExistingSignatures } from './existing-signature-notes.ts'
import { followRequest } from './following/follow-request.ts'
import { outcomeError } from './outcome.ts'
import { eventText } from './output/event-text.ts'
import { hashSigningWarning } from './output/hash-signing-warning.ts'
import type { Report } from './output/report.ts'
import { delayText, principalNames } from './output/request-details.ts'
import { saveArtifact } from './save-artifact.ts'

/** What is waited for, and where the signed file goes. */
export type AwaitedSignature = {
  readonly connection: Connection
  readonly report: Report
  readonly signal: AbortSignal
  readonly signingRequestId: string
  /** The log position of the submission, where it has just been made. */
  readonly submittedAt?: string
  readonly destination: Destination
}

/**
 * Follows a request to its end, telling what happens, saves the signed file and prints the answer of `sign`:
 * `{ signingRequestId, out, sha256, size, signingRequest }`. However it ends, the answer names the request.
 *
 * @throws CliError with the code of the request's end, when it is not completed; as downloading does
 * @throws the signal's reason
 */
export async function awaitSignature(awaited: AwaitedSignature): Promise<void> {
  const { connection, report, signal, signingRequestId, submittedAt, destination } = awaited
  let request: RequestDetails | undefined
  let isComingBackTold = false
  const answer = (saved: { out: string; sha256: string; size: number } | null, text: string) =>
    report.result(
      { signingRequestId, ...(saved ?? { out: null, sha256: null, size: null }), signingRequest: request ?? null },
      () => text,
    )
  try {
    const options = { report, signal, ...(submittedAt === undefined ? {} : { submittedAt }) }
    for await (const news of followRequest(connection, signingRequestId, options)) {
      if (request === undefined && news.request.hashSigningAllowed)
        report.note(`Hash signing is ${hashSigningWarning}.`, 'waiting')
      request = news.request
      for (const event of news.events) report.note(eventText(event))
      if (news.events.some(({ type }) => type === 'SigningPlanned'))
        await noteExistingSignatures(connection, signingRequestId, report)
      if (request.status === 'WaitingForApproval' && news.events.length > 0) {
        report.note(waitingText(request), 'waiting')
        if (!isComingBackTold) report.note(comingBackText(signingRequestId))
        isComingBackTold = true
      }
      const delayed = delayText(request, news.events)
      if (delayed !== undefined) report.note(delayed, 'waiting')
    }
    const { signedArtifact: artifact, signedArtifactLink: link } = request ?? {}
    if (!artifact || !link) throw (request && outcomeError(request)) ?? new Error('the request came to no end')
    await saveArtifact({ report, connection, link, artifact, destination, signal })
    const { sha256, size } = artifact
    const { path } = destination
    answer({ out: path, sha256, size }, `${report.marker('good', 'Signed')}: ${path}, SHA-256 ${sha256}\n`)
  } catch (error) {
    // A program must learn the id of what it started, however it ends.
    answer(null, '')
    throw error
  }
}

/** People take their time, and a job or a terminal need not. */
function comingBackText(signingRequestId: string): string {
  return `This need not wait: end it by Ctrl-C or --timeout, and come back by \`countersign sign --attach ${signingRequestId} --out FILE\`.`
}

/** Who is waited for. */
export function waitingText({ missingApprovals, approvalProcess }: RequestDetails): string {
  return `Waiting for ${missingApprovals} of: ${principalNames(approvalProcess?.approvers ?? [])}`
}
