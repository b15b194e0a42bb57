import { Refusal } from '../domain/index.ts'
import { initiatorOf, isSetup, type Requester } from './caller.ts'
import type { ApplicationDependencies } from './ports.ts'
import { asCallersFailure } from './service-failure.ts'

/** A use of a use case. */
export type GuardedCall = {
  /** Its name, as refusals are recorded by. */
  readonly command: string
  /** Who asks for it; `undefined` when that is what is to be found out, which then records its refusals itself. */
  readonly requester: Requester | undefined
  /** The stream of the entity that it is about, with the id as the requester named it. */
  readonly subject?: string
  /** What a full disk would leave half done is refused before it begins; a use case that writes nothing needs no room. */
  readonly writes?: 'submission' | 'change'
}

/** Runs a use case: the one way in for everything that anybody asks of the service. */
export type Guard = <Result>(call: GuardedCall, useCase: () => Promise<Result>) => Promise<Result>

/**
 * Opens the way in. Whoever is refused gets the failure in their own terms, and the refusal is recorded in the security
 * stream of their organization. The set-up is the operator's own tool: what it is refused it reports by itself.
 */
export function openGuard({ refusals, room }: Pick<ApplicationDependencies, 'refusals' | 'room'>): Guard {
  async function withRoom<Result>({ writes }: GuardedCall, useCase: () => Promise<Result>): Promise<Result> {
    if (writes === undefined) return useCase()
    await room.require(writes)
    try {
      return await useCase()
    } catch (error) {
      // What cannot be written shows late, and far from its reason.
      if (!(error instanceof Refusal)) await room.require(writes)
      throw error
    }
  }

  return async (call, useCase) => {
    try {
      return await withRoom(call, useCase)
    } catch (error) {
      const refusal = asCallersFailure(error)
      const { command, requester, subject = null } = call
      if (refusal instanceof Refusal && requester !== undefined && !isSetup(requester)) {
        const { organizationId } = requester
        await refusals.record({ ...initiatorOf(requester), organizationId, command, subject, code: refusal.code })
      }
      throw refusal
    }
  }
}
