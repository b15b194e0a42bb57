import type { ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import { type ClientReadableStream, Metadata, status } from '@grpc/grpc-js'

/** What one read or subscription of the server answers, in the order in which it was sent. */
export type Answers = {
  /**
   * What has arrived and was not taken yet; empty when nothing has; `undefined` when the call is at its end.
   *
   * @throws why the call failed, once everything that arrived before was taken
   */
  take(): readonly ReadResp[] | undefined
  /**
   * Waits until there is something to take, the call's end and failure included.
   *
   * @param limitMs how long, in milliseconds; for ever when not given
   * @returns whether there is
   */
  arrival(limitMs?: number): Promise<boolean>
  /** Fails the call because nothing arrived in time; the failure is what `take` throws next. */
  giveUp(): void
  /** Ends the call: what is on its way is lost. May be called at any time. */
  cancel(): void
}

/** What is held until it is taken: enough to keep the connection busy while a batch is worked on. */
const buffer = { messages: 1_000, bytes: 16 * 1024 * 1024 }

/** The call, and what is to be done when it fails. */
type Begun = { readonly call: ClientReadableStream<ReadResp>; readonly failed: (error: unknown) => void }

/** @param options `received` is called whenever something arrives, `ended` once, when nothing more will */
export function openAnswers(options: {
  readonly begin: () => Promise<Begun>
  readonly received: () => void
  readonly ended: () => void
}): Answers {
  let arrived: ReadResp[] = []
  let bytes = 0
  let begun: Begun | undefined
  let end: 'none' | 'ended' | { readonly failure: unknown } = 'none'
  let wake = () => {}

  function finish(how: 'ended' | { readonly failure: unknown }): void {
    if (end !== 'none') return
    end = how
    if (typeof how === 'object') begun?.failed(how.failure)
    options.ended()
    wake()
  }

  function cancel(): void {
    finish('ended')
    arrived = []
    begun?.call.cancel()
    // What has already arrived must flow off, or the call never ends and keeps its memory.
    begun?.call.resume()
  }

  async function begin(): Promise<void> {
    const opened = await options.begin()
    begun = opened
    const { call } = opened
    call.on('metadata', options.received)
    call.on('data', (message: ReadResp) => {
      options.received()
      if (end !== 'none') return
      arrived.push(message)
      bytes += sizeOf(message)
      if (arrived.length >= buffer.messages || bytes >= buffer.bytes) call.pause()
      wake()
    })
    call.on('error', (failure) => finish({ failure }))
    call.on('end', () => finish('ended'))
    if (end !== 'none') call.cancel()
  }

  begin().catch((failure: unknown) => finish({ failure }))

  return {
    take() {
      if (arrived.length > 0) {
        const taken = arrived
        arrived = []
        bytes = 0
        begun?.call.resume()
        return taken
      }
      if (end === 'none') return []
      if (end === 'ended') return undefined
      throw end.failure
    },
    async arrival(limitMs) {
      if (arrived.length > 0 || end !== 'none') return true
      const { promise, resolve } = Promise.withResolvers<boolean>()
      wake = () => resolve(true)
      const timer = limitMs === undefined ? undefined : setTimeout(() => resolve(false), limitMs)
      try {
        return await promise
      } finally {
        clearTimeout(timer)
        wake = () => {}
      }
    },
    giveUp() {
      const details = 'The server went silent in the middle of a call'
      const code = status.DEADLINE_EXCEEDED
      finish({ failure: Object.assign(new Error(details), { code, details, metadata: new Metadata() }) })
      begun?.call.cancel()
    },
    cancel,
  }
}

function sizeOf(message: ReadResp): number {
  const event = message.getEvent()?.getEvent()
  return event === undefined ? 0 : event.getData_asU8().length + event.getCustomMetadata_asU8().length
}

/**
 * What a read answers, in runs as they arrive, to its end. Leaving the iteration ends the call.
 *
 * @param silenceMs how long the server may be silent before the read fails, in milliseconds
 * @throws the bare gRPC error, after everything that arrived before it
 */
export async function* runsOf(answers: Answers, silenceMs: number): AsyncGenerator<readonly ReadResp[]> {
  try {
    for (let run = answers.take(); run !== undefined; run = answers.take())
      if (run.length > 0) yield run
      else if (!(await answers.arrival(silenceMs))) answers.giveUp()
  } finally {
    answers.cancel()
  }
}
