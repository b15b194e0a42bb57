import { type Logger, pino } from 'pino'
import { type Settings, secretSettings } from './configuration.ts'
import type { HealthCheck } from './health.ts'
import { type LogDestination, logFile, logStandardOutput } from './log-destination.ts'

/** Names whose values never appear in a log line, should one ever stand in an object that is logged: settings are among them. */
const secretNames = [
  ...['token', 'apiToken', 'pin', 'soPin', 'password', 'authorization', 'privateKey', 'connectionString'],
  ...secretSettings,
]
const redacted = [...secretNames, ...secretNames.map((name) => `*.${name}`), 'req.headers.authorization']

/** The service's log. */
export type ServiceLogger = {
  readonly logger: Logger
  /** Throws `LOG_LINES_LOST` as long as lines cannot be written, with how many are lost and why. */
  readonly check: HealthCheck
}

/**
 * The service's log: JSON lines. Where they go may fill up, go away or stand still: that costs lines, which are counted,
 * and never the service.
 *
 * @param file where to, in a folder that exists; standard output when not given
 */
export function openLogger({ logLevel }: Pick<Settings, 'logLevel'>, file?: string): ServiceLogger {
  const destination = file === undefined ? logStandardOutput() : logFile(file)
  return { logger: loggerTo({ logLevel }, destination), check: checkOf(destination) }
}

/** The service's log to any destination. */
export function loggerTo({ logLevel }: Pick<Settings, 'logLevel'>, destination: LogDestination): Logger {
  return pino({ level: logLevel, redact: { paths: redacted, censor: '[secret]' } }, destination)
}

/** Whether lines get to a destination. */
export function checkOf({ trouble }: Pick<LogDestination, 'trouble'>): HealthCheck {
  return async () => {
    const { lost, reason } = trouble() ?? {}
    if (lost === undefined) return
    throw Object.assign(new Error(`${lost} lines of the log could not be written: ${reason}.`), {
      code: 'LOG_LINES_LOST',
    })
  }
}
