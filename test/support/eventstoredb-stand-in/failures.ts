import { Metadata, type ServiceError, status } from '@grpc/grpc-js'

/** How a call fails that a test wants to fail. */
export type InjectedFailure = {
  readonly code: status
  /** The metadata field `exception`, by which the server says what is wrong. */
  readonly exception?: string
  /** What the server says in words. */
  readonly details?: string
  /** Appends: write first, then fail, as when the answer is lost on the way. */
  readonly afterWriting?: boolean
}

/** The failure as gRPC sends it. */
export function serviceError(
  { code, exception, details = exception ?? status[code] }: InjectedFailure,
  streamId = 'the stream of the call',
): Partial<ServiceError> {
  const metadata = new Metadata()
  if (exception !== undefined) metadata.set('exception', exception)
  // Only ASCII may stand here; the real server says the name in the same way.
  metadata.set('stream-name', encodeURIComponent(streamId))
  return { code, details, metadata }
}
