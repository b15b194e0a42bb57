import { type Logger, pino } from 'pino'
import type { Settings } from './configuration.ts'
import { type LogDestination, logFile, logStandardOutput } from './log-destination.ts'

/** What never appears in a log line, should it ever stand in an object that is logged. */
const redacted = [
  '*.token',
  '*.pin',
  '*.password',
  '*.authorization',
  'req.headers.authorization',
  'headers.authorization',
]

/**
 * The service's log: JSON lines. Where they go may fill up, go away or stand still: that costs lines, which are counted,
 * and never the service.
 *
 * @param file where to, in a folder that exists; standard output when not given
 */
export function openLogger({ logLevel }: Pick<Settings, 'logLevel'>, file?: string): Logger {
  return loggerTo({ logLevel }, file === undefined ? logStandardOutput() : logFile(file))
}

/** The service's log to any destination. */
export function loggerTo({ logLevel }: Pick<Settings, 'logLevel'>, destination: LogDestination): Logger {
  return pino({ level: logLevel, redact: { paths: redacted, censor: '[secret]' } }, destination)
}
