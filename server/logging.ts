import { destination, type Logger, pino } from 'pino'
import type { Settings } from './configuration.ts'

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
 * The service's log: JSON lines.
 *
 * @param file where to; standard output when not given
 */
export function openLogger({ logLevel }: Pick<Settings, 'logLevel'>, file?: string): Logger {
  const options = { level: logLevel, redact: { paths: redacted, censor: '[secret]' } }
  return file === undefined
    ? pino(options)
    : pino(options, destination({ dest: file, mkdir: true, mode: 0o600, sync: false }))
}
