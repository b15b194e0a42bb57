import { type Permission, Refusal, requirePermission } from '../domain/index.ts'
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
 * @throws Refusal `FORBIDDEN`, `API_TOKEN_SCOPE_EXCEEDED`
 */
export async function authorizeQuery(
  { refusals }: Pick<ApplicationDependencies, 'refusals'>,
  caller: Caller,
  { query, permission }: AskedQuery,
): Promise<void> {
  try {
    requirePermission(caller, permission)
  } catch (error) {
    const { organizationId } = caller
    if (error instanceof Refusal)
      await refusals.record({ ...initiatorOf(caller), organizationId, command: query, subject: null, code: error.code })
    throw error
  }
}
