import { Refusal } from '../domain/index.ts'
import { authorizeUseCase, type UseCase } from './authorize.ts'
import { initiatorOf, isSetup, type Requester } from './caller.ts'
import type { ApplicationDependencies } from './ports.ts'
import { asCallersFailure } from './service-failure.ts'

/** A use of a use case. */
export type GuardedCall = {
  /** Its name, which says what permission it needs, and as which refusals are recorded. */
  readonly useCase: UseCase
  readonly requester: Requester
  /** As which use case refusals are recorded, where it is a part of another one. */
  readonly partOf?: UseCase
  /** The stream of the entity that it is about, with the id as the requester named it. */
  readonly subject?: string
  /** What a full disk would leave half done is refused before it begins; a use case that writes nothing needs no room. */
  readonly writes?: 'submission' | 'change'
}

/** Runs a use case: the one way in for everything that anybody asks of the service. */
export type Guard = <Result>(call: GuardedCall, run: () => Promise<Result>) => Promise<Result>

/**
 * Runs a use case that changes something.
 *
 * @param subject the stream of the entity that it is about
 */
export type ChangeCall = <Result>(
  useCase: UseCase,
  requester: Requester,
  subject: string | undefined,
  run: () => Promise<Result>,
) => Promise<Result>

/**
 * Opens the way in. Who does not have the permission that the use case needs is refused before it begins. Whoever is refused
 * gets the failure in their own terms, and the refusal is recorded in the security stream of their organization. The set-up is
 * the operator's own tool: it may do everything, and what it is refused it reports by itself.
 */
export function openGuard({ refusals, room }: Pick<ApplicationDependencies, 'refusals' | 'room'>): Guard {
  async function withRoom<Result>({ writes }: GuardedCall, run: () => Promise<Result>): Promise<Result> {
    if (writes === undefined) return run()
    await room.require(writes)
    try {
      return await run()
    } catch (error) {
      // What cannot be written shows late, and far from its reason.
      if (!(error instanceof Refusal)) await room.require(writes)
      throw error
    }
  }

  return async (call, run) => {
    const { useCase, partOf = useCase, requester, subject = null } = call
    try {
      authorizeUseCase(requester, useCase)
      return await withRoom(call, run)
    } catch (error) {
      const refusal = asCallersFailure(error)
      if (refusal instanceof Refusal && !isSetup(requester)) {
        const { organizationId } = requester
        await refusals.record({
          ...initiatorOf(requester),
          organizationId,
          command: partOf,
          subject,
          code: refusal.code,
        })
      }
      throw refusal
    }
  }
}
