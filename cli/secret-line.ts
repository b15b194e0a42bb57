import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { unreadableFile } from './local-file.ts'
import type { Terminal } from './terminal.ts'

/**
 * The first line of a file that holds a secret: everybody on the machine can see what a command line says.
 *
 * @param name of the file, as the user gave it
 * @throws CliError `FILE_UNREADABLE` (exit code: usage)
 */
export async function readSecretLine({ workingDirectory }: Terminal, name: string): Promise<string> {
  return firstLine(await readSecretText({ workingDirectory }, name))
}

/** All of such a file. @throws CliError `FILE_UNREADABLE` (exit code: usage) */
export async function readSecretText(
  { workingDirectory }: Pick<Terminal, 'workingDirectory'>,
  name: string,
): Promise<string> {
  const path = resolve(workingDirectory, name)
  return readFile(path, 'utf8').catch((error: unknown) => Promise.reject(unreadableFile(path, error)))
}

/** What stands before the first end of line: editors and `echo` end the last line. */
export function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? ''
}
