import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import type { z } from 'zod'
import { usageError } from './cli-error.ts'

/** What a file of settings is about, for errors. */
export type SettingsSubject = {
  /** Such as `policy`. */
  readonly noun: string
  /** The code for one that is not what it must be. */
  readonly invalid: string
  /** The code for one that cannot be read. */
  readonly unreadable: string
}

/** So many faults of a file are named at once. */
const namedFaults = 10

/**
 * Reads a file of settings, YAML or JSON.
 *
 * @param folder what `path` starts from
 * @throws CliError with the subject's codes (exit code: usage)
 */
export async function readSettingsFile<Schema extends z.ZodType>(
  folder: string,
  path: string,
  schema: Schema,
  subject: SettingsSubject,
): Promise<z.output<Schema>> {
  let text: string
  try {
    text = await readFile(resolve(folder, path), 'utf8')
  } catch (error) {
    throw usageError(`${path} cannot be read: ${(error as Error).message}`, undefined, subject.unreadable)
  }
  let document: unknown
  try {
    document = parse(text, { maxAliasCount: 0 })
  } catch (error) {
    throw invalidSettings(path, (error as Error).message, subject)
  }
  return checkedSettings(document, path, schema, subject)
}

/**
 * Holds settings against their schema.
 *
 * @param from where they were read, for the error
 * @throws CliError with the subject's code; it names each fault by its path (exit code: usage)
 */
export function checkedSettings<Schema extends z.ZodType>(
  document: unknown,
  from: string,
  schema: Schema,
  subject: SettingsSubject,
): z.output<Schema> {
  const read = schema.safeParse(document)
  if (read.success) return read.data
  const faults = read.error.issues.map(({ path, message }) => `${pathOf(path) || 'the document'}: ${message}`)
  throw invalidSettings(from, faultList(faults), subject)
}

/** The error for settings that are not what they must be. */
export function invalidSettings(from: string, what: string, { noun, invalid }: SettingsSubject) {
  return usageError(`The ${noun} of ${from} is not valid: ${what}`, undefined, invalid)
}

/** The first faults of a file, and how many there are besides. */
export function faultList(faults: readonly string[]): string {
  const more = faults.length - namedFaults
  return faults.slice(0, namedFaults).join('; ') + (more > 0 ? `; and ${more} more` : '')
}

/** A place in a document: `projects[0].policies[1].name`. */
export function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((before, step) => {
    if (typeof step === 'number') return `${before}[${step}]`
    return before === '' ? String(step) : `${before}.${String(step)}`
  }, '')
}
