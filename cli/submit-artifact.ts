import type { ArtifactSource } from './artifact-source.ts'
import type { SaidBuild } from './build-options.ts'
import { CliError } from './cli-error.ts'
import { wasNotSent } from './connection/call-service.ts'
import type { Connection } from './connection/connection.ts'
import { ask } from './connection/graphql.ts'
import { mayPass, serviceError } from './connection/service-error.ts'
import { type KeptFile, uploadAnnounced, uploadFile } from './connection/upload.ts'
import {
  type Changed,
  canSubmit,
  type SubmissionChoices,
  type SubmittedOrigin,
  type SubmittedOriginAndBuild,
  type SubmittedSource,
  submitRequest,
} from './documents/request-changes.ts'
import { exitCode } from './exit-code.ts'
import { type RetryNotices, retryCall, usualRetryLimits } from './following/retry-call.ts'
import { firstBytesOf, hashLocalFile, type LocalFile } from './local-file.ts'
import type { Report } from './output/report.ts'

/** What is said with a submission. Project and policy are slugs or ids. */
export type Submission = SubmissionChoices & {
  /** The service cancels the request when it is not final after so many seconds. */
  readonly cancelAfterSeconds: number | null
  /** Where it was built. */
  readonly said: SaidBuild
}

type Course = { readonly report: Report; readonly signal: AbortSignal }

/** An upload that breaks off begins anew, this often at the most. */
const uploadLimits = { ...usualRetryLimits, faultMs: 0, breaks: 4 }

/**
 * Submits an artifact; a file that is sent now is uploaded before. An upload that breaks off begins anew; a submission whose
 * answer is lost is sent again under the same key, so that there is one request in the end.
 *
 * @throws CliError with the service's codes, before anything is uploaded where it does not need the bytes for its answer;
 *   `FILE_CHANGED` when somebody writes to the file; `SUBMISSION_UNCERTAIN` when the service stayed away after it may have
 *   accepted the submission
 */
export async function submitArtifact(
  connection: Connection,
  source: ArtifactSource,
  submission: Submission,
  course: Course,
): Promise<Changed> {
  const { signal, report } = course
  const { said, ...choices } = submission
  const origin = await withSummaries(connection, said, course)
  const { sha256, ...submitted } = await submittedSource(
    connection,
    source,
    { ...choices, said: { ...said, origin } },
    course,
  )
  const { token } = connection
  const submitting = typeof token === 'string' ? connection : { ...connection, token: token.forSubmission(sha256) }
  // Asked for last: a job's token is valid for minutes only, and an upload can take longer.
  const input = { ...choices, ...submitted, origin, build: await said.build(sha256, signal) }
  const again = `Sign again with \`--idempotency-key ${JSON.stringify(submission.idempotencyKey)}\`: it finds the request that is there, or makes it.`
  return sendSubmission(async () => (await ask(submitting, submitRequest, { input })).submitSigningRequest, again, {
    signal,
    notices: submissionNotices(report),
  })
}

/** What is said of the origin, with the verification summaries of the source: they are sent first, since they decide whether it is taken. */
async function withSummaries(
  connection: Connection,
  { origin, sourceSummaries }: SaidBuild,
  { report, signal }: Course,
): Promise<SubmittedOrigin | null> {
  if (sourceSummaries.length === 0) return origin
  const sourceSummaryUploadIds: string[] = []
  for (const file of sourceSummaries) {
    const sha256 = await hashLocalFile(file, signal)
    const once = () =>
      withProgress(report, file, (progress) => uploadFile(connection, file, { sha256, progress, signal }))
    const { uploadId } = await retryCall(once, uploadLimits, signal, submissionNotices(report))
    sourceSummaryUploadIds.push(uploadId)
  }
  return { repositoryData: null, buildData: null, ...origin, sourceSummaryUploadIds }
}

/** The artifact as a submission names it, and its digest where that is known; a file that is sent now is there then. */
async function submittedSource(
  connection: Connection,
  source: ArtifactSource,
  submission: Submission,
  course: Course,
): Promise<SubmittedSource & { readonly sha256: string | null }> {
  switch (source.kind) {
    case 'file':
      return uploadChecked(connection, source.file, submission, course)
    case 'link':
      return { link: source.link, sha256: source.link.sha256 }
    case 'build': {
      const { trustedBuildSystem, sha256 } = source
      return { buildArtifact: { trustedBuildSystem, sha256 }, sha256 }
    }
    case 'announcedUpload':
      return { announcedUpload: { fileName: source.fileName, sha256: source.sha256 }, sha256: source.sha256 }
    case 'announcedFile': {
      const sha256 = await hashLocalFile(source.file, course.signal)
      return { announcedUpload: { fileName: source.file.fileName, sha256 }, sha256 }
    }
  }
}

async function uploadChecked(
  connection: Connection,
  file: LocalFile,
  { cancelAfterSeconds: _, said, ...choices }: Submission,
  { report, signal }: Course,
): Promise<{ readonly uploadId: string; readonly sha256: string }> {
  const notices = submissionNotices(report)
  // The file is read whole only when the service has nothing against it.
  const asked = { ...choices, origin: said.origin, build: await said.build(null, signal) }
  await retryCall(() => checkSubmission(connection, file, asked, signal), uploadLimits, signal, notices)
  const sha256 = await hashLocalFile(file, signal)
  const once = () =>
    withProgress(report, file, (progress) => uploadFile(connection, file, { sha256, progress, signal }))
  const { uploadId } = await retryCall(once, uploadLimits, signal, notices)
  return { uploadId, sha256 }
}

/** Sends a file that a request announced, whose digest is known to be the announced one; begins anew when the service goes away. */
export function sendAnnounced(
  connection: Connection,
  file: LocalFile,
  { link, sha256 }: { readonly link: string; readonly sha256: string },
  { report, signal }: Course,
): Promise<KeptFile> {
  const once = () =>
    withProgress(report, file, (progress) => uploadAnnounced(connection, file, link, { sha256, progress, signal }))
  return retryCall(once, uploadLimits, signal, submissionNotices(report))
}

async function withProgress<Answer>(
  report: Report,
  { fileName, size }: LocalFile,
  send: (update: (sent: number) => void) => Promise<Answer>,
): Promise<Answer> {
  const progress = report.progress(`Uploading ${fileName}`, size)
  try {
    return await send(progress.update)
  } finally {
    progress.end()
  }
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
  submission: SubmissionChoices & SubmittedOriginAndBuild,
  signal: AbortSignal,
): Promise<void> {
  const { fileName, size } = file
  const firstBytes = (await firstBytesOf(file, headerLength)).toString('base64')
  const input = { ...submission, fileName, size, firstBytes }
  const { refusal } = (await ask(connection, canSubmit, { input }, signal)).canSubmit
  if (refusal !== null) throw serviceError({ ...refusal, status: 200 })
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
