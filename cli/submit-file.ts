import { CliError } from './cli-error.ts'
import { wasNotSent } from './connection/call-service.ts'
import type { Connection } from './connection/connection.ts'
import { ask } from './connection/graphql.ts'
import { mayPass, serviceError } from './connection/service-error.ts'
import { type Upload, uploadFile } from './connection/upload.ts'
import { type Changed, canSubmit, submitRequest } from './documents/request-changes.ts'
import type { ExistingSignatureTreatment } from './documents/request-fields.ts'
import { exitCode } from './exit-code.ts'
import { type RetryNotices, retryCall, usualRetryLimits } from './following/retry-call.ts'
import { firstBytesOf, hashLocalFile, type LocalFile } from './local-file.ts'
import type { Report } from './output/report.ts'

/** What is said with a submission. Project and policy are slugs or ids. */
export type SubmissionTexts = {
  readonly project: string
  readonly signingPolicy: string
  readonly description: string | null
  readonly version: string | null
  /** What is done with a file that is signed already; `null` leaves it to the policy. */
  readonly existingSignatures: ExistingSignatureTreatment | null
  /** The service makes one request of all submissions of this user with this key. */
  readonly idempotencyKey: string
}

/**
 * Uploads a file and submits it. An upload that breaks off begins anew; a submission whose answer is lost is sent again
 * under the same key, so that there is one request in the end.
 *
 * @throws CliError with the service's codes, before anything is uploaded where it does not need the bytes for its answer;
 *   `FILE_CHANGED` when somebody writes to the file; `SUBMISSION_UNCERTAIN` when the service stayed away after it may have
 *   accepted the submission
 */
export async function submitFile(
  connection: Connection,
  file: LocalFile,
  submission: SubmissionTexts,
  { report, signal }: { readonly report: Report; readonly signal: AbortSignal },
): Promise<Changed> {
  const notices = submissionNotices(report)
  const limits = { ...usualRetryLimits, faultMs: 0, breaks: 4 }
  await retryCall(() => checkSubmission(connection, file, submission, signal), limits, signal, notices)
  const sha256 = await hashLocalFile(file, signal)
  const { uploadId } = await retryCall(
    () => uploadOnce(connection, file, sha256, report, signal),
    limits,
    signal,
    notices,
  )
  const input = { ...submission, uploadId }
  const again = `Sign again with \`--idempotency-key ${JSON.stringify(submission.idempotencyKey)}\`: it finds the request that is there, or makes it.`
  return sendSubmission(async () => (await ask(connection, submitRequest, { input })).submitSigningRequest, again, {
    signal,
    notices,
  })
}

/**
 * Sends a submission under its key. Where its answer was lost it is sent again, so that there is one request in the end.
 *
 * @param send sends it once; not to be ended by a signal: once it is sent, the answer says which request has to be named
 * @param again how the user goes on by the same key, when it is not known whether it was accepted
 * @throws CliError as `send` does; `SUBMISSION_UNCERTAIN` when the service stayed away after it may have accepted it
 */
export async function sendSubmission(
  send: () => Promise<Changed>,
  again: string,
  { signal, notices }: { readonly signal: AbortSignal; readonly notices: RetryNotices },
): Promise<Changed> {
  let mayBeThere = false
  const submit = async () => {
    try {
      return await send()
    } catch (error) {
      mayBeThere ||= isUncertain(error)
      throw error
    }
  }
  try {
    return await retryCall(submit, usualRetryLimits, signal, notices)
  } catch (error) {
    if (!mayBeThere || !(error instanceof CliError)) throw error
    const isAnswer = error !== signal.reason && !isUncertain(error) && !mayPass(error)
    throw isAnswer ? error : uncertain(error, again, signal)
  }
}

/** What is told about a service that has to be asked again. */
export function submissionNotices(report: Report): RetryNotices {
  return {
    failing: (error: CliError) => report.note(`${error.message} Trying again.`, 'waiting'),
    recovered: () => undefined,
  }
}

/** As many first bytes as the service looks at. */
const headerLength = 64 * 1024

/** What the service can refuse by the first bytes it refuses before all are sent. */
async function checkSubmission(
  connection: Connection,
  file: LocalFile,
  submission: SubmissionTexts,
  signal: AbortSignal,
): Promise<void> {
  const { fileName, size } = file
  const firstBytes = (await firstBytesOf(file, headerLength)).toString('base64')
  const input = { ...submission, fileName, size, firstBytes }
  const { refusal } = (await ask(connection, canSubmit, { input }, signal)).canSubmit
  if (refusal !== null) throw serviceError({ ...refusal, status: 200 })
}

async function uploadOnce(
  connection: Connection,
  file: LocalFile,
  sha256: string,
  report: Report,
  signal: AbortSignal,
): Promise<Upload> {
  const progress = report.progress(`Uploading ${file.fileName}`, file.size)
  try {
    return await uploadFile(connection, file, { sha256, progress: progress.update, signal })
  } finally {
    progress.end()
  }
}

function isUncertain(error: unknown): boolean {
  if (!(error instanceof CliError) || wasNotSent(error.cause)) return false
  return error.exitCode === exitCode.unreachable || error.exitCode === exitCode.fault
}

function uncertain(cause: CliError, hint: string, signal: AbortSignal): CliError {
  return new CliError(
    'SUBMISSION_UNCERTAIN',
    `The service went away while it took the submission, so it may have accepted it or not: ${cause.message}`,
    {
      hint,
      exitCode: cause === signal.reason ? cause.exitCode : exitCode.fault,
      cause,
    },
  )
}
