import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { usageError } from './cli-error.ts'
import type { SubmittedLink } from './documents/request-changes.ts'
import { linkHeaders } from './link-headers.ts'
import { findLocalFile, type LocalFile } from './local-file.ts'
import { readSecretLine } from './secret-line.ts'
import type { Terminal } from './terminal.ts'

/** Where an artifact comes from, as options say it. */
export type ArtifactOptions = {
  readonly fromLink?: string
  readonly fromLinkFile?: string
  readonly linkHeaderEnv: readonly string[]
  readonly linkHeadersFile?: string
  readonly uploadLater?: true
  /** Slug of the build system, or `true` where the one is meant that vouches for the call. */
  readonly fromBuild?: string | true
  readonly fileName?: string
  readonly sha256?: string
}

/** What is submitted: a file that is sent now, one that the service fetches, or one that is sent later. */
export type ArtifactSource =
  | { readonly kind: 'file'; readonly file: LocalFile }
  | { readonly kind: 'link'; readonly link: SubmittedLink }
  | { readonly kind: 'announcedFile'; readonly file: LocalFile }
  | { readonly kind: 'announcedUpload'; readonly fileName: string; readonly sha256: string }
  | { readonly kind: 'build'; readonly trustedBuildSystem: string | null; readonly sha256: string | null }

/** Adds the options. */
export function withArtifactOptions(command: Command): Command {
  return command
    .optionsGroup('In place of sending FILE:')
    .option(
      '--from-link <url>',
      'the service fetches the artifact there, and no FILE is sent; what stands behind ? of the link is secret, and everybody on this machine can see it in the process list: better --from-link-file',
    )
    .option('--from-link-file <file>', 'a file whose first line is the link')
    .addOption(
      repeated(
        '--link-header-env <name=variable>',
        'a header for the server of the link, and the environment variable that holds its value (Authorization=LINK_AUTHORIZATION); may be repeated',
      ),
    )
    .option('--link-headers-file <file>', 'a file with such headers, a line `Name: value` for each')
    .option(
      '--upload-later',
      'submit what the artifact is and not the artifact; `countersign request upload` sends it, from any machine',
    )
    .option(
      '--from-build [system]',
      'the service fetches it from the build system that made it, as --build names it: the one with this slug, or whose token is sent',
    )
    .option('--file-name <name>', "without FILE: the artifact's name (of a link: by default the end of its path)")
    .option('--sha256 <digest>', 'without FILE: the digest that it must have; --upload-later needs it')
    .optionsGroup('Options:')
}

/** An option that may be given several times: a list of what was, which is empty at first. */
export function repeated(flags: string, description: string): Option {
  return new Option(flags, description)
    .argParser((value: string, before: readonly string[]) => [...before, value])
    .default([], 'none')
}

/** The names of those options that were given. */
export function givenArtifactOptions(options: ArtifactOptions): readonly string[] {
  const { fromLink, fromLinkFile, linkHeaderEnv, linkHeadersFile, uploadLater, fromBuild, fileName, sha256 } = options
  const given = {
    '--from-link': fromLink,
    '--from-link-file': fromLinkFile,
    '--link-header-env': linkHeaderEnv.length === 0 ? undefined : linkHeaderEnv,
    '--link-headers-file': linkHeadersFile,
    '--upload-later': uploadLater,
    '--from-build': fromBuild,
    '--file-name': fileName,
    '--sha256': sha256,
  }
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]))
}

/**
 * What the command line submits.
 *
 * @param name of the file, where one was given
 * @throws CliError `USAGE` when it says several, or too little; `FILE_…` of a file; nothing that it says repeats a secret
 */
export async function artifactSource(
  terminal: Terminal,
  name: string | undefined,
  options: ArtifactOptions,
): Promise<ArtifactSource> {
  const { fromLink, fromLinkFile, uploadLater } = options
  if (fromLink !== undefined || fromLinkFile !== undefined) return linkSource(terminal, name, options)
  const [ofLink] = givenArtifactOptions(options).filter((option) => option.startsWith('--link-'))
  if (ofLink !== undefined) throw usageError(`${ofLink} goes with --from-link or --from-link-file.`)
  if (options.fromBuild !== undefined) return buildSource(name, options)
  if (name === undefined && uploadLater) return announcedUpload(options)
  if (name === undefined)
    throw usageError(
      'FILE is needed: the file to be signed.',
      'Or say where the service fetches it (--from-link, --from-build), or that it is sent later (--upload-later).',
    )
  const [alone] = givenArtifactOptions(options).filter((option) => option !== '--upload-later')
  if (alone !== undefined) throw usageError(`${alone} and FILE exclude each other: the file says it by itself.`)
  const file = await findLocalFile(resolve(terminal.workingDirectory, name))
  return { kind: uploadLater ? 'announcedFile' : 'file', file }
}

async function linkSource(
  terminal: Terminal,
  name: string | undefined,
  options: ArtifactOptions,
): Promise<ArtifactSource> {
  const { fromLink, fromLinkFile, uploadLater, fromBuild } = options
  if (fromBuild !== undefined) throw usageError('--from-build and --from-link exclude each other.')
  if (fromLink !== undefined && fromLinkFile !== undefined)
    throw usageError('--from-link and --from-link-file exclude each other.')
  const option = fromLink === undefined ? '--from-link-file' : '--from-link'
  if (name !== undefined) throw usageError(`FILE and ${option} exclude each other: the service fetches the artifact.`)
  if (uploadLater) throw usageError(`--upload-later and ${option} exclude each other.`)
  const url = (fromLink ?? (await readSecretLine(terminal, fromLinkFile ?? ''))).trim()
  // Not repeated: what stands behind its ? is secret.
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw usageError(`${option} gives no https URL.`, 'It looks like https://builds.example.com/setup.exe.')
  const fileName = options.fileName ?? nameAtTheEndOf(new URL(url))
  if (fileName === undefined) throw usageError('--file-name is needed: the link does not end with the name of a file.')
  const headers = await linkHeaders(terminal, options)
  return { kind: 'link', link: { url, fileName, sha256: digestOf(options) ?? null, headers } }
}

/** The last part of a path, where it looks like the name of a file. */
function nameAtTheEndOf({ pathname }: URL): string | undefined {
  try {
    const name = decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1))
    return /[^.]\.[^.]/.test(name) ? name : undefined
  } catch {
    return undefined
  }
}

function buildSource(name: string | undefined, options: ArtifactOptions): ArtifactSource {
  const { fromBuild, uploadLater, fileName } = options
  if (name !== undefined)
    throw usageError('FILE and --from-build exclude each other: the service fetches the artifact.')
  if (uploadLater) throw usageError('--upload-later and --from-build exclude each other.')
  if (fileName !== undefined) throw usageError('--file-name and --from-build exclude each other: the build names it.')
  return {
    kind: 'build',
    trustedBuildSystem: fromBuild === true ? null : (fromBuild ?? null),
    sha256: digestOf(options) ?? null,
  }
}

function announcedUpload(options: ArtifactOptions): ArtifactSource {
  const { fileName } = options
  const sha256 = digestOf(options)
  if (fileName === undefined || sha256 === undefined)
    throw usageError('--upload-later needs FILE, or --file-name and --sha256: what will be sent.')
  return { kind: 'announcedUpload', fileName, sha256 }
}

function digestOf({ sha256 }: ArtifactOptions): string | undefined {
  if (sha256 === undefined || /^[0-9a-f]{64}$/i.test(sha256)) return sha256?.toLowerCase()
  throw usageError('--sha256 is not a SHA-256 digest of 64 hexadecimal characters.')
}
