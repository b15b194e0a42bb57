import type { CliError } from './cli-error.ts'
import type { Connection } from './connection/connection.ts'
import { downloadFile } from './connection/download.ts'
import type { Destination } from './destination.ts'
import type { StoredFile } from './documents/request-fields.ts'
import { retryCall, usualRetryLimits } from './following/retry-call.ts'
import type { Report } from './output/report.ts'

/**
 * Downloads an artifact to its place, with progress; begins anew when the service goes away in between.
 *
 * @throws CliError as `downloadFile` does; the signal's reason
 */
export async function saveArtifact(work: {
  readonly report: Report
  readonly connection: Connection
  readonly link: string
  readonly artifact: StoredFile
  readonly destination: Destination
  readonly signal: AbortSignal
}): Promise<void> {
  const { report, connection, link, artifact, destination, signal } = work
  const { fileName, sha256, size } = artifact
  const once = async () => {
    const progress = report.progress(`Downloading ${fileName}`, size)
    try {
      await downloadFile(connection, { link, sha256, size }, destination, { progress: progress.update, signal })
    } finally {
      progress.end()
    }
  }
  await retryCall(once, { ...usualRetryLimits, faultMs: 0, breaks: 4 }, signal, {
    failing: (error: CliError) => report.note(`${error.message} Trying again.`, 'waiting'),
    recovered: () => undefined,
  })
}
