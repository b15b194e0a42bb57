import { createRetries, type Retries } from '../retry/index.ts'
import { EventLogError } from './event-log.ts'

/** gRPC status codes that say enough by themselves (https://grpc.io/docs/guides/status-codes/). */
const kindOfStatus: Readonly<Record<number, string>> = {
  1: 'cancelled',
  3: 'invalid-argument',
  4: 'deadline-exceeded',
  7: 'access-denied',
  8: 'resource-exhausted',
  10: 'timeout',
  14: 'unavailable',
  16: 'access-denied',
}

/** The server has gone, is going, or is not the leader: another node, or the same one later, may answer. */
const passing = new Set(['unavailable', 'cancelled', 'not-leader', 'timeout', 'deadline-exceeded'])

/** Whether the same call may succeed by itself a little later. */
function isPassing(error: unknown): boolean {
  const kind = failureKind(error)
  if (kind !== undefined) return passing.has(kind)
  // A closed channel and a failed cluster discovery are bare errors of the client library, with neither type nor status.
  return error instanceof Error && error.constructor === Error && !('code' in error)
}

/**
 * What the server said, in the words of its protocol (`stream-deleted`, `wrong-expected-version` …): the client's errors
 * carry it as `type`, bare gRPC errors in the metadata field `exception` or by their status.
 */
export function failureKind(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const status = 'code' in error && typeof error.code === 'number' ? kindOfStatus[error.code] : undefined
  if ('type' in error && typeof error.type === 'string' && error.type !== 'unknown') return error.type
  return failureDetail(error, 'exception') ?? status
}

/** One field of the metadata that accompanies a bare gRPC error. */
export function failureDetail(error: unknown, field: string): string | undefined {
  if (!(error instanceof Error) || !('metadata' in error)) return undefined
  const metadata = error.metadata as { get?(field: string): readonly unknown[] } | undefined
  return metadata?.get?.(field)[0]?.toString()
}

/** Translates what the client throws; an {@link EventLogError} passes through. */
export function eventStoreDbFailure(error: unknown, what: string): EventLogError {
  if (error instanceof EventLogError) return error
  const reason = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '')
  switch (failureKind(error)) {
    case 'access-denied':
      return new EventLogError(
        'EVENT_LOG_ACCESS_DENIED',
        `${what}: EventStoreDB refused these credentials. The user or the password is wrong or missing, or the user may not read $all, or not read and write the streams of this log.`,
        { cause: error },
      )
    case 'stream-deleted':
      return new EventLogError(
        'EVENT_LOG_CORRUPT',
        `${what}: the stream was deleted from EventStoreDB, which an audit log never allows. Restore it from a backup.`,
        { cause: error },
      )
    case 'maximum-append-size-exceeded':
    case 'invalid-argument':
    case 'resource-exhausted':
      return new EventLogError('EVENT_LOG_EVENT_INVALID', `${what}: EventStoreDB does not take it: ${reason}.`, {
        cause: error,
      })
    default:
      return new EventLogError('EVENT_LOG_UNAVAILABLE', `${what}: EventStoreDB does not answer: ${reason}.`, {
        cause: error,
      })
  }
}

/** The failures of a call or a subscription since the last success. */
export type StoreRetries = Retries & {
  /** How long one attempt may take, in milliseconds: half of the limit, so that another node can be asked, or what is left. */
  attemptMs(): number
}

/**
 * Begins to count failures that pass.
 *
 * @param limitMs how long failures that pass are tried again without a success in between: of a `call` from now, of a
 *   `subscription`, which may rest for hours, from the first failure
 * @param signal ends the pauses
 */
export function storeRetries(limitMs: number, kind: 'call' | 'subscription', signal?: AbortSignal): StoreRetries {
  const retries = createRetries({
    backoff: { first: 50, longest: 2_000 },
    limitMs: (error) => (isPassing(error) ? limitMs : 0),
    limitFrom: kind === 'call' ? 'now' : 'first failure',
    signal,
  })
  return { ...retries, attemptMs: () => Math.max(1, Math.min(limitMs / 2, limitMs - retries.elapsedMs())) }
}
