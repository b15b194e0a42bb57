import type { Logger } from 'pino'
import {
  findLostWorkflows,
  type IndexStore,
  openCertificateWatch,
  openUnfinishedIndex,
  type Resumed,
  type ResumingWorkflows,
  resumeUnfinished,
} from '../application/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { pause } from '../retry/index.ts'
import type { Workflows } from '../workflows/port.ts'

/** How often lost workflows are looked for, in milliseconds. */
const roundMs = 60_000
/** Between two attempts at the first round, in milliseconds: Temporal may be away when this process starts. */
const firstRetryMs = 2_000

/** Sees to it that what is unfinished has a workflow, and that certificates' ends are told of. */
export type Resuming = {
  /** Takes up everything that is unfinished, at once; `undefined` when the process ends before it is known what that is. */
  readonly resume: () => Promise<Resumed | undefined>
  /** Waits until it is known once what is unfinished, for which all of the log may have to be read; ends with the signal. */
  readonly whenKnown: (signal: AbortSignal) => Promise<unknown>
  /** Finishes the calls at hand and ends. */
  readonly close: () => Promise<void>
}

/**
 * Follows what is unfinished, takes all of it up as soon as it is known, and from then on looks every minute for
 * workflows that were lost or cannot go on, and at certificates that end or are to be renewed. Every worker does so; two that do the same at once do no harm. Nothing waits
 * for it: the process is ready before.
 */
export function startResuming(options: {
  readonly log: EventLog
  readonly workflows: ResumingWorkflows & Pick<Workflows, 'enrolCertificate'>
  readonly store: IndexStore
  readonly logger: Pick<Logger, 'info' | 'error'>
  /** Default: a minute. */
  readonly everyMs?: number
}): Resuming {
  const { log, workflows, store, logger, everyMs = roundMs } = options
  const closing = new AbortController()
  const { signal } = closing
  const index = openUnfinishedIndex({
    log,
    store,
    onError: (error) => logger.error({ err: error }, 'the index of unfinished requests is not kept up to date'),
  })
  const lost = findLostWorkflows(workflows)
  const watch = openCertificateWatch({
    log,
    workflows,
    now: () => new Date().toISOString(),
    onError: (error, certificateId) =>
      logger.error({ err: error, certificateId }, 'a certificate could not be looked after; trying again'),
  })

  async function resume(): Promise<Resumed | undefined> {
    const unfinished = await index.whenKnown(signal)
    if (unfinished === undefined) return undefined
    const resumed = await resumeUnfinished(workflows, unfinished)
    logger.info({ unfinished: resumed.unfinished, started: resumed.started.length }, 'resumed requests')
    return resumed
  }

  async function round(): Promise<void> {
    const unfinished = await index.whenKnown(signal)
    if (unfinished === undefined) return
    const { started } = await lost.restart(unfinished)
    if (started.length > 0) logger.info({ started }, 'started workflows that were lost')
    await watch.look(unfinished.everyCertificate)
  }

  async function run(): Promise<void> {
    for (let isFirst = true; !signal.aborted; ) {
      let rest = everyMs
      try {
        await (isFirst ? resume() : round())
        isFirst = false
      } catch (error) {
        if (signal.aborted) return
        logger.error({ err: error }, 'unfinished requests could not be resumed; trying again')
        if (isFirst) rest = Math.min(firstRetryMs, everyMs)
      }
      await pause(rest, signal)
    }
  }

  const running = run()
  return {
    resume,
    whenKnown: index.whenKnown,
    async close() {
      closing.abort()
      await Promise.all([running, index.close()])
    },
  }
}
