import { type OrganizationId, parseStreamName, type SigningRequestId, streams } from '../../domain/index.ts'
import type { EventView, ReadModel, SigningRequestView } from '../../projections/index.ts'

/** Tells who waits what becomes of a request. */
export type RequestWatch = {
  /**
   * The request as soon as it is as somebody wants it, at once when it is so already; when the signal comes first, as it was
   * seen last. `undefined` when there is no such request.
   *
   * @throws ReadModelError when the read model fails meanwhile
   */
  readonly until: (
    request: { readonly organizationId: OrganizationId; readonly signingRequestId: SigningRequestId },
    isEnough: (view: SigningRequestView) => boolean,
    signal: AbortSignal,
  ) => Promise<SigningRequestView | undefined>
  /** Ends all waiting, as a signal would. */
  readonly close: () => void
}

type Waiter = { readonly seen: (view: SigningRequestView) => void; readonly failed: (error: unknown) => void }

/** One follower of an organization's events, for all who wait for its requests. */
type Follower = {
  readonly waiters: Map<string, Set<Waiter>>
  /** Resolves when nothing that happens from then on is missed. */
  readonly begun: Promise<void>
  readonly ended: AbortController
}

/**
 * Opens it. However many wait, an organization's events are followed once, and a request that changed is read once for all who
 * wait for it: who waits costs nothing until something happens.
 */
export function openRequestWatch(
  readModel: Pick<ReadModel, 'follow' | 'position' | 'signingRequestsByIds'>,
): RequestWatch {
  const followers = new Map<OrganizationId, Follower>()
  const closing = new AbortController()

  function followerOf(organizationId: OrganizationId): Follower {
    const present = followers.get(organizationId)
    if (present !== undefined) return present
    const begun = Promise.withResolvers<void>()
    const follower: Follower = { waiters: new Map(), begun: begun.promise, ended: new AbortController() }
    followers.set(organizationId, follower)
    void follow(organizationId, follower, begun).catch((error: unknown) => {
      end(organizationId, follower)
      begun.reject(error)
      for (const waiter of [...follower.waiters.values()].flatMap((each) => [...each])) waiter.failed(error)
    })
    // Who waits for it learns of the failure.
    begun.promise.catch(() => undefined)
    return follower
  }

  async function follow(organizationId: OrganizationId, follower: Follower, begun: { readonly resolve: () => void }) {
    const after = await readModel.position()
    begun.resolve()
    const signal = AbortSignal.any([follower.ended.signal, closing.signal])
    for await (const events of readModel.follow(organizationId, { after, signal }))
      await tell(organizationId, follower, events)
    end(organizationId, follower)
  }

  async function tell(organizationId: OrganizationId, { waiters }: Follower, events: readonly EventView[]) {
    const changed = new Set(events.map(({ streamId }) => streamId).filter((streamId) => waiters.has(streamId)))
    if (changed.size === 0) return
    const ids = [...changed].map((streamId) => parseStreamName(streamId)?.id as SigningRequestId)
    for (const view of await readModel.signingRequestsByIds(organizationId, ids))
      if (view !== undefined) for (const waiter of [...(waiters.get(view.streamId) ?? [])]) waiter.seen(view)
  }

  function end(organizationId: OrganizationId, follower: Follower): void {
    follower.ended.abort()
    if (followers.get(organizationId) === follower) followers.delete(organizationId)
  }

  function leave(organizationId: OrganizationId, follower: Follower, streamId: string, waiter: Waiter): void {
    const ofStream = follower.waiters.get(streamId)
    ofStream?.delete(waiter)
    if (ofStream?.size === 0) follower.waiters.delete(streamId)
    if (follower.waiters.size === 0) end(organizationId, follower)
  }

  return {
    async until({ organizationId, signingRequestId }, isEnough, signal) {
      const follower = followerOf(organizationId)
      const streamId = streams.signingRequest(signingRequestId)
      const { promise, resolve, reject } = Promise.withResolvers<SigningRequestView | undefined>()
      let last: SigningRequestView | undefined
      const waiter: Waiter = {
        seen(view) {
          if (last !== undefined && last.revision >= view.revision) return
          last = view
          if (isEnough(view)) resolve(view)
        },
        failed: reject,
      }
      const stop = AbortSignal.any([signal, closing.signal])
      const stopped = () => resolve(last)
      follower.waiters.set(streamId, (follower.waiters.get(streamId) ?? new Set()).add(waiter))
      stop.addEventListener('abort', stopped, { once: true })
      try {
        await follower.begun
        // What happened before is seen here, and what happens from now on by the follower.
        const [present] = await readModel.signingRequestsByIds(organizationId, [signingRequestId])
        if (present === undefined) return undefined
        waiter.seen(present)
        // The time may have been over before anything was seen.
        if (stop.aborted) return last
        return await promise
      } finally {
        stop.removeEventListener('abort', stopped)
        leave(organizationId, follower, streamId, waiter)
      }
    },
    close: () => closing.abort(),
  }
}
