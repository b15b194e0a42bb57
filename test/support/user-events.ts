import { randomUUID } from 'node:crypto'
import type { GlobalRole } from '../../domain/index.ts'
import { prepareEvents, readWholeStream } from '../../event-log/index.ts'
import type { TestUser } from './graphql-organization.ts'
import type { GraphQLTestServer } from './graphql-server.ts'

/** Takes something away from a user. */
export async function happens(
  server: GraphQLTestServer,
  user: TestUser,
  type: 'ApiTokenRevoked' | 'UserDeactivated' | 'GlobalRoleWithdrawn',
): Promise<void> {
  const streamId = `user-${user.userId}`
  const { revision } = await readWholeStream(server.log, streamId)
  const role: GlobalRole = 'globalReader'
  const data = {
    ApiTokenRevoked: { schemaVersion: 1, tokenId: user.tokenId },
    UserDeactivated: { schemaVersion: 1, reason: null },
    GlobalRoleWithdrawn: { schemaVersion: 1, role },
  }[type]
  const metadata = {
    schemaVersion: 1,
    organizationId: server.organizationId,
    actor: { kind: 'system', component: 'test' } as const,
    correlationId: streamId,
    causationId: randomUUID(),
    occurredAt: new Date().toISOString(),
  }
  await server.log.append(streamId, prepareEvents(streamId, revision, [{ type, data }], metadata), revision)
}
