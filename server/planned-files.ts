import { type ArtifactStore, openPlan } from '../artifacts/index.ts'
import type { MailParts } from './mail.ts'

/**
 * Names the first files that a plan signs. A plan that cannot be read now, or whose artifact was collected, names none: how many
 * there are, the log says.
 */
export function plannedFilesOf(store: Pick<ArtifactStore, 'open'>): MailParts['plannedFiles'] {
  return async (recorded, atMost) => {
    try {
      const plan = await openPlan(store, recorded)
      const signed = await plan.signedEntries(0, atMost)
      return signed.flatMap(({ entry }) =>
        entry.kind === 'directory' ? [] : [{ path: entry.path, sha256: entry.sha256 }],
      )
    } catch {
      return []
    }
  }
}
