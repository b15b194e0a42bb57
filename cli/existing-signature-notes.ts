import { CliError } from './cli-error.ts'
import type { Connection } from './connection/connection.ts'
import { pathText } from './output/quantities.ts'
import type { Report } from './output/report.ts'
import { type ExistingSignature, fetchPlan } from './signing-plan.ts'

/**
 * Reports to the submitter what becomes of the signatures that a file has, once it is planned: so none is replaced without
 * a word where nobody is asked to approve. Of a large plan, the first files are looked at. Says nothing when the plan cannot be
 * had; `request show` says why.
 */
export async function noteExistingSignatures(connection: Connection, id: string, report: Report): Promise<void> {
  const files = await fetchPlan(connection, id).then(
    ({ files }) => files,
    (error: unknown) => {
      if (error instanceof CliError) return []
      throw error
    },
  )
  for (const { path, existingSignatures = [] } of files)
    for (const signature of existingSignatures)
      report.note(noteOf(pathText(path), signature), signature.outcome === 'replaced' ? 'waiting' : undefined)
}

function noteOf(path: string, signature: ExistingSignature): string {
  const becomes = signature.outcome
  if (signature.kind === 'unreadable') return `${path} has bytes that are no readable signature: ${becomes}`
  return `${path} has the signature of ${signature.signer ?? 'a signer whose certificate is not there'}: ${becomes}`
}
