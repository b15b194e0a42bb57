import type { DatabaseSync } from 'node:sqlite'
import type { OrganizationId, UserId } from '../../domain/index.ts'
import { ArtifactError } from '../artifact-error.ts'

/** Whose upload it is. */
export type Uploader = { readonly organizationId: OrganizationId; readonly userId: UserId }

/** The most bytes of uploads that no request names yet, those under way among them; no limit where none is named. */
export type UploadQuotas = { readonly user?: number; readonly organization?: number }

/** What the smallest upload counts: so that a quota limits their number too. In bytes. */
const smallestCount = 64 * 1024

/**
 * Holds an upload against the quotas, within a transaction.
 *
 * @param request.except an upload that is not counted: the one that grows
 * @throws ArtifactError `UPLOAD_QUOTA_EXCEEDED`, `ARTIFACT_TOO_LARGE`
 */
export function checkQuotas(request: {
  readonly database: DatabaseSync
  /** Now, as an instant. */
  readonly at: string
  readonly except: string
  readonly uploader: Uploader
  readonly bytes: number
  readonly quotas: UploadQuotas
}): void {
  const { database, at, except, uploader, bytes, quotas } = request
  const { organizationId, userId } = uploader
  for (const [whose, quota] of [
    ['user', quotas.user],
    ['organization', quotas.organization],
  ] as const) {
    if (quota === undefined) continue
    if (bytes > quota)
      throw new ArtifactError(
        'ARTIFACT_TOO_LARGE',
        `The artifact has ${bytes} bytes or more, and uploads of ${nameOf(whose)} may have ${quota} in all. Have the quota raised.`,
      )
    const ofUser = whose === 'user' ? 'AND user_id = ?' : ''
    const { used, freed } = database
      .prepare(
        `SELECT coalesce(sum(max(bytes, ${smallestCount})), 0) AS used, min(expires_at) AS freed FROM uploads
         WHERE organization_id = ? AND submitted = 0 AND expires_at > ? AND id <> ? ${ofUser}`,
      )
      .get(organizationId, at, except, ...(whose === 'user' ? [userId] : [])) as { used: number; freed: string | null }
    if (used + Math.max(bytes, smallestCount) <= quota) continue
    const room = freed === null ? '' : ` The first of them is forgotten at ${freed}.`
    throw new ArtifactError(
      'UPLOAD_QUOTA_EXCEEDED',
      `Uploads of ${nameOf(whose)} that no request names yet have ${used} bytes; with the ${bytes} of this one they would have more than the ${quota} that they may. Submit what was uploaded, or wait.${room} An operator can raise the quota.`,
    )
  }
}

function nameOf(whose: 'user' | 'organization'): string {
  return whose === 'user' ? 'yours' : 'your organization'
}
