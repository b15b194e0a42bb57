/** Changes what a user may do, as a process of its own. The argument is a {@link ChangeChild} as JSON. */
import { revokeApiToken } from '../../../application/api-tokens.ts'
import { deactivateUser, grantGlobalRole, withdrawGlobalRole } from '../../../application/change-user.ts'
import { Setup } from '../../../application/setup.ts'
import type { ApiTokenId, GlobalRole, OrganizationId, UserId } from '../../../domain/index.ts'
import { openSqliteEventLog } from '../../../event-log/index.ts'
import { administratorsInLog } from '../submitters-in-log.ts'

/** What the process does. */
export type ChangeChild = {
  /** Path of the SQLite log. */
  readonly log: string
  readonly organizationId: OrganizationId
  readonly change: keyof typeof changes
  readonly userId: UserId
  readonly tokenId: ApiTokenId
  readonly role: GlobalRole
}

const asked = JSON.parse(process.argv[2] ?? '') as ChangeChild
const log = await openSqliteEventLog({ path: asked.log })
const dependencies = { log, administrators: administratorsInLog(log), now: () => new Date().toISOString() }
const setup = new Setup(asked.organizationId)

const changes = {
  grantGlobalRole: () => grantGlobalRole(dependencies, setup, asked),
  withdrawGlobalRole: () => withdrawGlobalRole(dependencies, setup, asked),
  revokeApiToken: () => revokeApiToken(dependencies, setup, asked),
  deactivateUser: () => deactivateUser(dependencies, setup, { ...asked, reason: null }),
}
await changes[asked.change]()
await log.close()
