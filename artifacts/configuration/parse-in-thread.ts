import type { DoFileWork, FilePasses } from '../../signing/file-passes/index.ts'
import { type ParsedConfiguration, parseConfiguration } from './parse-configuration.ts'

/** The thread's side of {@link parseInThread}. */
export const doFileWork: DoFileWork<{ readonly document: string | Uint8Array }, ParsedConfiguration> = async ({
  document,
}) => parseConfiguration(document)

/**
 * Reads an artifact configuration as {@link parseConfiguration} does, in a thread whose time and memory are limited.
 *
 * @throws SigningError `FILE_PARSE_LIMIT`; `FILE_PASS_FAILED`, transient; the signal's reason
 */
export async function parseInThread(
  document: string | Uint8Array,
  { passes, signal }: { readonly passes: FilePasses; readonly signal?: AbortSignal },
): Promise<ParsedConfiguration> {
  const order = { module: import.meta.url, parameters: { document } }
  return (await passes.parse(order, { signal })) as ParsedConfiguration
}
