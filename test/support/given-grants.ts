import { randomUUID } from 'node:crypto'
import { useGrants } from '../../activities/use-grants.ts'
import type { Caller } from '../../application/caller.ts'
import { createGrants, type GiveGrantInput } from '../../application/grants.ts'
import {
  type ApiTokenId,
  type ApiTokenScope,
  fold,
  type Grant,
  type GrantId,
  grantDecider,
  type SigningRequestId,
  streams,
  type UserId,
} from '../../domain/index.ts'
import { type EventLog, readWholeStream } from '../../event-log/index.ts'
import type { TestOrganization } from './test-organization.ts'

/** Grants of a test organization's approvers, by the real use cases and the real activity, without Temporal between. */
export function grantsOf(organization: TestOrganization) {
  const { signer, setup, tokenIds } = organization
  const { log, now } = signer
  const grants = createGrants({ log, now }, (_useCase, _requester, _subject, run) => run())
  const caller = (userId: UserId, scope: ApiTokenScope | null): Caller => {
    const tokenId = tokenIds.get(userId) ?? (randomUUID() as ApiTokenId)
    const unread = { algorithm: 'A256GCM', nonce: '', ciphertext: '' } as const
    return {
      organizationId: setup.organizationId,
      userId,
      kind: 'interactive',
      person: { name: unread, email: null },
      roles: [],
      scope,
      authentication: { method: 'apiToken', tokenId },
      remoteAddress: undefined,
      callId: randomUUID(),
    }
  }
  return {
    /** Gives a grant for any three programs from now on, with anything changed. */
    async give(
      by: UserId,
      changes: Partial<GiveGrantInput> = {},
      scope: ApiTokenScope | null = null,
    ): Promise<GrantId> {
      const input = {
        project: 'test',
        signingPolicy: 'release',
        from: null,
        until: new Date(Date.now() + 3_600_000).toISOString(),
        maximumRequests: 3,
        fileNames: ['*.exe'],
        versions: [],
        branches: [],
        comment: null,
        ...changes,
      }
      return (await grants.giveGrant(caller(by, scope), input)).grantId
    },
    async revoke(by: UserId, grantId: GrantId): Promise<void> {
      await grants.revokeGrant(caller(by, null), { grantId, reason: 'Not any more' })
    },
    /** Has the grants approve a request, as its workflow does. */
    async use(
      signingRequestId: SigningRequestId,
      by: Partial<{ log: EventLog; now: () => string }> = {},
    ): Promise<void> {
      await useGrants({ log, now, ...by })({ signingRequestId, fromRevision: 0 })
    },
    async grant(grantId: GrantId): Promise<Grant> {
      const state = fold(grantDecider, (await readWholeStream(log, streams.grant(grantId))).events)
      if (state.status === 'none') throw new Error('There is no such grant.')
      return state
    },
  }
}
