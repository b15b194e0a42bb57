import type { Logger } from 'pino'
import { readSettings, type Settings } from './configuration.ts'
import { openLogger } from './logging.ts'

/** Where the settings of a command on this machine are. */
export type LocalOptions = { readonly configFile?: string | undefined }

/**
 * The settings of a command on this machine: its configuration file, and the environment above it.
 *
 * @throws ConfigurationError as `readSettings` does
 */
export function settingsOf({ configFile }: LocalOptions): Settings {
  return readSettings({ environment: process.env, configFile })
}

/** The log of a command. Commands print their own results, so only errors in the background are logged. */
export function errorLogger(settings: Settings): Logger {
  return openLogger({ ...settings, logLevel: 'error' }).logger
}
