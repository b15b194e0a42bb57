import { openSync } from 'node:fs'
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
 * @param file where to, in a folder that exists; standard output when not given
 */
export function openLogger({ logLevel }: Pick<Settings, 'logLevel'>, file?: string): Logger {
  const options = { level: logLevel, redact: { paths: redacted, censor: '[secret]' } }
  if (file === undefined) return pino(options)
  // Opened here and now: a file that is still being opened when the process ends makes it end with another error.
  return pino(options, destination({ dest: openSync(file, 'a', 0o600), sync: false }))
}
