import { EventLogError, type ExpectedRevision, type ReadAllOptions, type ReadStreamOptions } from './event-log.ts'
import { isName } from './serialise.ts'

/**
 * Checks where an append goes.
 *
 * @throws EventLogError `EVENT_LOG_ARGUMENT_INVALID`
 */
export function checkAppendTarget(streamId: string, expectedRevision: ExpectedRevision): void {
  if (!isName(streamId))
    throw invalid('The stream id must be text that is not empty, has no control characters and does not begin with $.')
  if (expectedRevision !== 'noStream' && !isCount(expectedRevision))
    throw invalid(`The expected revision must be a whole number from 0 or noStream; got ${expectedRevision}.`)
}

/**
 * Checks how a stream is read.
 *
 * @throws EventLogError `EVENT_LOG_ARGUMENT_INVALID`
 */
export function checkReadStream(options: ReadStreamOptions): void {
  if (options.fromRevision !== undefined && !isCount(options.fromRevision))
    throw invalid(`fromRevision must be a whole number from 0; got ${options.fromRevision}.`)
  checkMaxCount(options)
}

/**
 * Checks a bound on the number of events.
 *
 * @throws EventLogError `EVENT_LOG_ARGUMENT_INVALID`
 */
export function checkMaxCount({ maxCount }: Pick<ReadAllOptions, 'maxCount'>): void {
  if (maxCount !== undefined && !isCount(maxCount))
    throw invalid(`maxCount must be a whole number from 0; got ${maxCount}.`)
}

/** The error for a position that this log cannot have written. */
export function positionInvalid(position: string): EventLogError {
  return invalid(`${JSON.stringify(String(position).slice(0, 60))} is not a position of this event log.`)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function invalid(message: string): EventLogError {
  return new EventLogError('EVENT_LOG_ARGUMENT_INVALID', message)
}
