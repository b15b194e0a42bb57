import type { Command } from 'commander'
import { z } from 'zod'
import { usageError } from './cli-error.ts'
import type { LinkSecretInput } from './documents/trusted-build-systems.ts'
import { several } from './people.ts'
import { readSecretLine } from './secret-line.ts'
import { readSettingsFile } from './settings-file.ts'
import type { Terminal } from './terminal.ts'

/** What a link is to say, as a command line gives it. */
export type LinkOptions = {
  readonly settingsFile?: string
  readonly setting?: readonly string[]
  readonly secretFile?: readonly string[]
}

/** Settings of a link. */
export type LinkSettings = Readonly<Record<string, unknown>>

const subject = {
  noun: 'settings file',
  invalid: 'LINK_SETTINGS_INVALID',
  unreadable: 'LINK_SETTINGS_UNREADABLE',
}

/** Adds `--settings-file`, `--setting` and `--secret-file`. */
export function withLinkOptions(command: Command): Command {
  return command
    .option(
      '--settings-file <file>',
      'YAML or JSON with the settings of the link, which its kind of build system asks for',
    )
    .option(
      '--setting <name=value>',
      'one of them; a value that is JSON (true, 7, ["main"], "text") is taken as that, anything else as text; may be repeated',
      several,
    )
    .option(
      '--secret-file <name=file>',
      'a file whose first line is a secret of the link, such as apiKey=key.txt; may be repeated',
      several,
    )
}

/**
 * The settings that the options name: those of the file, and over them the single ones.
 *
 * @param present those that single ones change when there is no file; `undefined`: none
 * @returns `undefined` when no option names any
 * @throws CliError `LINK_SETTINGS_INVALID`, `LINK_SETTINGS_UNREADABLE`, `USAGE` (exit code: usage)
 */
export async function linkSettings(
  { workingDirectory }: Pick<Terminal, 'workingDirectory'>,
  { settingsFile, setting = [] }: LinkOptions,
  present: LinkSettings = {},
): Promise<LinkSettings | undefined> {
  if (settingsFile === undefined && setting.length === 0) return undefined
  const base =
    settingsFile === undefined
      ? present
      : await readSettingsFile(workingDirectory, settingsFile, z.record(z.string(), z.unknown()), subject)
  const single = new Map<string, unknown>()
  for (const text of setting) {
    const [name, value] = pair(text, '--setting', 'requireProtectedRef=true')
    if (single.has(name))
      throw usageError(`--setting gives ${JSON.stringify(name.slice(0, 60))} a second time. Give each once.`)
    single.set(name, readValue(value))
  }
  const settings = Object.entries({ ...base, ...Object.fromEntries(single) })
  return Object.fromEntries(settings.filter(([name]) => single.get(name) !== ''))
}

/** The secrets that the options name. @throws CliError `USAGE`, `FILE_UNREADABLE` (exit code: usage) */
export async function linkSecrets(
  terminal: Terminal,
  { secretFile = [] }: LinkOptions,
): Promise<readonly LinkSecretInput[]> {
  const secrets: LinkSecretInput[] = []
  for (const text of secretFile) {
    const [name, path] = pair(text, '--secret-file', 'apiKey=key.txt')
    secrets.push({ name, value: await readSecretLine(terminal, path) })
  }
  return secrets
}

function pair(text: string, option: string, example: string): readonly [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw usageError(`${option} takes a name and what is behind it, as ${example}.`)
  return [text.slice(0, at), text.slice(at + 1)]
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
