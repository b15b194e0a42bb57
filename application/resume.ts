import type { CertificateId, KeyId, SigningRequestId } from '../domain/index.ts'
import type { Workflows } from '../workflows/port.ts'
import type { Unfinished } from './unfinished-index.ts'

/** What {@link resumeUnfinished} did. */
export type Resumed = {
  /** Requests that the log has not seen the end of. */
  readonly unfinished: number
  /** Those that had no workflow that ran as it should, and have one now. The others were signalled to read the log again. */
  readonly started: readonly SigningRequestId[]
}

/** What of the workflows is needed to resume what is unfinished. */
export type ResumingWorkflows = Pick<
  Workflows,
  'resume' | 'resumeKey' | 'resumeCertificate' | 'runningRequests' | 'isAtWork'
>

/** So many calls to Temporal are under way at once. */
const atOnce = 8

/**
 * Gives every unfinished request that has no running workflow a new one, and has the others go on from what the log says.
 * Temporal's own store may have been lost, or know less: the log knows everything that a workflow needs. Keys and
 * certificates that were asked for and not made are taken up too. What is over meanwhile ends at once.
 *
 * @throws WorkflowsUnavailable
 */
export async function resumeUnfinished(
  workflows: ResumingWorkflows,
  { requests, keys, certificates }: Unfinished,
): Promise<Resumed> {
  const started: SigningRequestId[] = []
  const unfinished = [...requests]
  await forEach(unfinished, async (id) => {
    if ((await workflows.resume(id)) !== 'refreshed') started.push(id)
  })
  await forEach([...keys], (id) => workflows.resumeKey(id))
  await forEach([...certificates], (id) => workflows.resumeCertificate(id))
  return { unfinished: unfinished.length, started }
}

/** Of the requests that run, one of so many is looked at in each round, whether it gets on. */
const stuckRounds = 10
/** A workflow that ends without an end of its work is started ever more rarely: at least once in so many rounds. */
const longestRest = 64

/** Looks again and again which workflows were lost. */
export type LostWorkflows = {
  /** One round. Those that run and get on are left alone, so that it may be called every minute. */
  readonly restart: (unfinished: Unfinished) => Promise<Resumed>
}

/**
 * Finds unfinished requests without a running workflow, and workflows that cannot go on, and starts them; a running one
 * is not disturbed. Temporal's list of what runs tells most of it in few calls; each request is asked for by itself
 * only when it is missing there, and now and then.
 */
export function findLostWorkflows(workflows: ResumingWorkflows): LostWorkflows {
  const rests = new Map<string, { readonly until: number; readonly rounds: number }>()
  let round = 0

  function isResting(id: string): boolean {
    return (rests.get(id)?.until ?? 0) > round
  }

  /** What has to be started each round anew would fill Temporal's history and the log of refusals. */
  function rest(id: string): void {
    const rounds = Math.min((rests.get(id)?.rounds ?? 0) * 2 || 1, longestRest)
    rests.set(id, { until: round + rounds, rounds })
  }

  async function resumeRested<Id extends string>(ids: ReadonlySet<Id>, resume: (id: Id) => Promise<void>) {
    await forEach(
      [...ids].filter((id) => !isResting(id)),
      async (id) => {
        rest(id)
        await resume(id)
      },
    )
  }

  async function look(id: SigningRequestId): Promise<boolean> {
    if (await workflows.isAtWork(id)) return false
    rest(id)
    return (await workflows.resume(id)) !== 'refreshed'
  }

  return {
    async restart({ requests, keys, certificates }) {
      round += 1
      for (const id of rests.keys())
        if (!requests.has(id as SigningRequestId) && !keys.has(id as KeyId) && !certificates.has(id as CertificateId))
          rests.delete(id)
      const unfinished = [...requests]
      const running = unfinished.length === 0 ? new Set<string>() : await workflows.runningRequests()
      const due = unfinished.filter((id) => (running.has(id) ? turnOf(id) === round % stuckRounds : !isResting(id)))
      const started: SigningRequestId[] = []
      await forEach(due, async (id) => {
        if (await look(id)) started.push(id)
      })
      await resumeRested(keys, (id) => workflows.resumeKey(id))
      await resumeRested(certificates, (id) => workflows.resumeCertificate(id))
      return { unfinished: unfinished.length, started }
    },
  }
}

/** In which rounds a running request is looked at: ids are random, so that each round has its share. */
function turnOf(id: SigningRequestId): number {
  return Number.parseInt(id.slice(-4), 16) % stuckRounds
}

/** Does all of them, some at once; one that fails does not keep the others from their turn. @throws the first failure */
async function forEach<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>): Promise<void> {
  const left = items.values()
  const failures: unknown[] = []
  await Promise.all(
    Array.from({ length: Math.min(atOnce, items.length) }, async () => {
      for (const item of left)
        try {
          await work(item)
        } catch (error) {
          failures.push(error)
          // Whatever it is, it will be so for the rest.
          if ((error as { readonly code?: unknown }).code === 'TEMPORAL_UNAVAILABLE') return
        }
    }),
  )
  if (failures.length > 0) throw failures[0]
}
