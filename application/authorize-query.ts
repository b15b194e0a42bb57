import { hasPermission, type Permission, requirePermission } from '../domain/index.ts'
import { type Caller, initiatorOf } from './caller.ts'
import type { ApplicationDependencies } from './ports.ts'

/** A query that not everybody may ask. */
export type AskedQuery = {
  /** The service's own name for it, as refusals are recorded by. */
  readonly query: string
  readonly permission: Permission
}

/**
 * Refuses a query that the caller does not have the permission for, and records that in the security stream.
 *
 * @throws Refusal `FORBIDDEN`
 */
export async function authorizeQuery(
  { refusals }: Pick<ApplicationDependencies, 'refusals'>,
  caller: Caller,
  { query, permission }: AskedQuery,
): Promise<void> {
  if (hasPermission(caller, permission)) return
  const { organizationId } = caller
  await refusals.record({ ...initiatorOf(caller), organizationId, command: query, subject: null, code: 'FORBIDDEN' })
  requirePermission(caller, permission)
}
