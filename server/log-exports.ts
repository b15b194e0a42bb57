import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  exportLog,
  type ImportedExport,
  importExport,
  type LogPosition,
  openSqliteEventLog,
} from '../event-log/index.ts'
import type { Settings } from './configuration.ts'
import { parseInstallationKeys } from './event-keys.ts'
import { type AuditableLog, auditable, installationKeysOf, openLogAsStored } from './event-log.ts'
import { type LocalOptions, settingsOf } from './local-settings.ts'

/**
 * Exports the whole event log that the settings name (`countersign audit export --whole-log`), as fast as it is taken.
 *
 * @param options.from the position to begin at
 * @throws ConfigurationError `EVENT_LOG_NOT_FOUND`; EventLogError, `EVENT_LOG_ARGUMENT_INVALID` for a position of no log
 */
export async function* auditExport(
  options: LocalOptions & { readonly from?: string | undefined },
): AsyncGenerator<Uint8Array> {
  const log = await openLogAsStored(settingsOf(options))
  try {
    yield* exportLog(log, { from: options.from as LogPosition | undefined, now: new Date().toISOString() })
  } finally {
    await log.close()
  }
}

/** An export that is open for an audit. */
export type AuditableExport = AuditableLog & {
  /** What became of the file. */
  readonly file: ImportedExport
}

/**
 * Reads an export into a log of its own, in a temporary folder that goes when it is closed, and opens that for an audit.
 *
 * @param options.installationKeyFile public keys in PEM; those of the settings or the data directory without it
 * @throws ExportError; EventLogError `EVENT_LOG_UNAVAILABLE`; ConfigurationError `INSTALLATION_KEY_MALFORMED`,
 *   `CONFIGURATION_INVALID`
 */
export async function openAuditableExport(
  settings: Settings,
  { path, installationKeyFile }: { readonly path: string; readonly installationKeyFile?: string | undefined },
): Promise<AuditableExport> {
  const keys =
    installationKeyFile === undefined
      ? await installationKeysOf(settings)
      : parseInstallationKeys(await readFile(installationKeyFile, 'utf8'))
  const folder = await mkdtemp(join(process.env.SQLITE_TMPDIR ?? tmpdir(), 'countersign-export-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const imported = join(folder, 'export.db')
    const file = await importExport(createReadStream(path), imported)
    const stored = openSqliteEventLog({ path: imported })
    const { log, audit } = auditable(stored, keys, { mayConceal: file.header.organizationId !== null })
    const close = async () => {
      await log.close()
      await remove()
    }
    return { log: { ...log, close }, audit, file }
  } catch (error) {
    await remove()
    throw error
  }
}
