import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { usageError } from './cli-error.ts'
import { parseDuration } from './duration.ts'
import { unreadableFile } from './local-file.ts'
import { several } from './people.ts'

/** Options that say which verification summary of the source a signing policy demands. */
export type SourceSummaryOptions = {
  readonly sourceLevel?: string
  readonly sourceVerifier?: readonly string[]
  readonly sourceMaximumAge?: string
  /** `false` where it was said that none is demanded. */
  readonly sourceSummary?: boolean
}

/** A rule about summaries, as a file of settings has it. */
type SourceSummaryRule = {
  readonly level: number
  readonly verifiers: readonly { readonly id: string; readonly publicKeys: readonly string[] }[]
  readonly maximumAgeSeconds: number | null
}

/** The longest age that the service takes, in days. */
const longestAgeDays = 3_650

/** Adds them. */
export function withSourceSummaryOptions(command: Command): Command {
  return command
    .option(
      '--source-level <1-4>',
      "a verification summary of the source must come, of this level of SLSA's source track",
    )
    .option(
      '--source-verifier <id=file>',
      'whose summaries are believed: the URI that they name, and its public key (PEM); may be given several times',
      several,
    )
    .option('--source-maximum-age <duration>', 'how old a summary may be (30d); 0: of any age')
    .option('--no-source-summary', 'none need come')
}

/** Whether anything is said of summaries. */
export function saysSourceSummary({
  sourceLevel,
  sourceVerifier,
  sourceMaximumAge,
  sourceSummary,
}: SourceSummaryOptions) {
  return (sourceLevel ?? sourceVerifier ?? sourceMaximumAge) !== undefined || sourceSummary === false
}

/**
 * The rule that the options say, the rest as it was.
 *
 * @returns `null` for none
 * @throws CliError `USAGE`, `FILE_UNREADABLE`
 */
export async function sourceSummaryOf(
  folder: string,
  options: SourceSummaryOptions,
  before: SourceSummaryRule | null,
): Promise<object | null> {
  const { sourceLevel, sourceVerifier, sourceMaximumAge } = options
  if (options.sourceSummary === false) {
    if ((sourceLevel ?? sourceVerifier ?? sourceMaximumAge) === undefined) return null
    throw usageError('--no-source-summary excludes the other options --source-….')
  }
  return {
    ...before,
    ...(sourceLevel === undefined ? {} : { level: Number(sourceLevel) }),
    ...(sourceVerifier === undefined ? {} : { verifiers: await verifiersOf(folder, sourceVerifier) }),
    ...(sourceMaximumAge === undefined ? {} : { maximumAgeSeconds: ageOf(sourceMaximumAge) }),
  }
}

function ageOf(text: string): number | null {
  return text === '0' ? null : parseDuration(text, '--source-maximum-age', longestAgeDays) / 1_000
}

/** One that is named several times has several keys. */
async function verifiersOf(folder: string, said: readonly string[]): Promise<SourceSummaryRule['verifiers']> {
  const keys = new Map<string, string[]>()
  for (const text of said) {
    const at = text.lastIndexOf('=')
    const [id, file] = [text.slice(0, at), text.slice(at + 1)]
    if (at < 1 || file === '')
      throw usageError('--source-verifier takes a URI and a file: https://verifier.example/source=key.pem.')
    const path = resolve(folder, file)
    const key = await readFile(path, 'utf8').catch((error: unknown) => Promise.reject(unreadableFile(path, error)))
    keys.set(id, [...(keys.get(id) ?? []), key])
  }
  return [...keys].map(([id, publicKeys]) => ({ id, publicKeys }))
}
