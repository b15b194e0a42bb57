import { resolve } from 'node:path'
import type { Command } from 'commander'
import { repeated } from './artifact-source.ts'
import { usageError } from './cli-error.ts'
import type { SubmittedBuild, SubmittedOrigin } from './documents/request-changes.ts'
import { jobToken } from './job-token.ts'
import { findLocalFile, type LocalFile } from './local-file.ts'
import { readSecretLine } from './secret-line.ts'
import type { Terminal } from './terminal.ts'

/** What a submission says of the build that the artifact comes from. */
export type BuildOptions = {
  readonly originRepository?: string
  readonly originBranch?: string
  readonly originCommit?: string
  readonly buildUrl?: string
  readonly sourceSummary: readonly string[]
  readonly build: readonly string[]
  readonly buildSecretEnv: readonly string[]
  readonly buildSecretFile: readonly string[]
  readonly identityToken?: true
  readonly audience?: string
  readonly organizationId?: string
}

/** Adds the options. */
export function withBuildOptions(command: Command): Command {
  return command
    .optionsGroup('Where it was built, with a token of a trusted build system or of its job:')
    .option('--origin-repository <url>', 'where the source code lies')
    .option('--origin-branch <name>', 'the branch that was built')
    .option('--origin-commit <id>', 'the commit that was built')
    .option('--build-url <url>', 'the page of the build')
    .addOption(
      repeated(
        '--source-summary <file>',
        'a verification summary of the source, where the policy demands one: a DSSE envelope or sigstore bundle; may be repeated',
      ),
    )
    .addOption(
      repeated(
        '--build <name=value>',
        'which build it is, as its kind of build system says it (runId=4711, artifactId=12); may be repeated',
      ),
    )
    .addOption(
      repeated(
        '--build-secret-env <name=variable>',
        'a secret by which the build system is asked, and the environment variable that holds it (accessToken=GITHUB_TOKEN); may be repeated',
      ),
    )
    .addOption(repeated('--build-secret-file <name=file>', 'the same in the first line of a file; may be repeated'))
    .option(
      '--identity-token',
      "send the job's own identity token: of GitHub Actions asked for with --audience, of GitLab CI from the variable SIGNING_ID_TOKEN",
    )
    .option('--audience <text>', 'whom the identity token is for, as the link with the build system says')
    .option(
      '--organization-id <id>',
      'with --identity-token: call by it alone, without an API token, where the link names a submitter (else COUNTERSIGN_ORGANIZATION)',
    )
    .optionsGroup('Options:')
}

/** The names of those options that were given. */
export function givenBuildOptions(options: BuildOptions): readonly string[] {
  const { originRepository, originBranch, originCommit, buildUrl, identityToken, audience } = options
  const { build, buildSecretEnv, buildSecretFile, sourceSummary } = options
  const given = {
    '--origin-repository': originRepository,
    '--origin-branch': originBranch,
    '--origin-commit': originCommit,
    '--build-url': buildUrl,
    '--source-summary': sourceSummary[0],
    '--build': build[0],
    '--build-secret-env': buildSecretEnv[0],
    '--build-secret-file': buildSecretFile[0],
    '--identity-token': identityToken,
    '--audience': audience,
  }
  return Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]))
}

/** What is said of origin and build; the build with its secrets, of which the job's token is asked for anew each time. */
export type SaidBuild = {
  readonly origin: SubmittedOrigin | null
  /** Verification summaries of the source, which are sent before. */
  readonly sourceSummaries: readonly LocalFile[]
  /** @param sha256 of the artifact, where it is known: of GitHub Actions a token for that one alone is asked for */
  readonly build: (sha256: string | null, signal: AbortSignal) => Promise<SubmittedBuild | null>
}

/**
 * Reads the options. What they say of a secret is never repeated.
 *
 * @param isAlone whether the identity token of the job is all that calls are made by: then it says the build without more
 * @throws CliError `USAGE`, `FILE_UNREADABLE`
 */
export async function saidBuild(terminal: Terminal, options: BuildOptions, isAlone: boolean): Promise<SaidBuild> {
  const { build, buildSecretEnv, buildSecretFile, identityToken, audience } = options
  if (audience !== undefined && !identityToken) throw usageError('--audience goes with --identity-token.')
  const fields = new Map<string, string>()
  for (const text of build) putOnce(fields, named(text, '--build', 'runId=4711'), '--build')
  const secrets = new Map<string, string>()
  for (const text of buildSecretEnv) {
    const [name, variable] = named(text, '--build-secret-env', 'accessToken=GITHUB_TOKEN')
    const value = terminal.environment[variable]
    if (value === undefined || value === '')
      throw usageError(
        `The environment variable that --build-secret-env names for ${name} is not set, or empty.`,
        'The secret stands in the variable, and not on the command line.',
      )
    putOnce(secrets, [name, value], '--build-secret-env')
  }
  for (const text of buildSecretFile) {
    const [name, file] = named(text, '--build-secret-file', 'accessToken=token.txt')
    putOnce(secrets, [name, (await readSecretLine(terminal, file)).trim()], '--build-secret-file')
  }
  if (identityToken && secrets.has('identityToken'))
    throw usageError('--identity-token and a build secret identityToken exclude each other.')
  return {
    origin: originOf(options),
    sourceSummaries: await Promise.all(
      options.sourceSummary.map((file) => findLocalFile(resolve(terminal.workingDirectory, file))),
    ),
    async build(sha256, signal) {
      const all = [...secrets].map(([name, value]) => ({ name, value }))
      if (identityToken && !isAlone)
        all.push({ name: 'identityToken', value: await jobToken(terminal, { audience, sha256 }, signal) })
      return fields.size === 0 && all.length === 0 ? null : { fields: Object.fromEntries(fields), secrets: all }
    },
  }
}

/** What was given is not repeated: somebody may have written the secret itself. */
function named(text: string, option: string, example: string): readonly [name: string, value: string] {
  const [, name = '', value = ''] = /^([A-Za-z][A-Za-z0-9]{0,63})=(.+)$/s.exec(text) ?? []
  if (name === '') throw usageError(`${option} takes a name and what belongs to it: ${example}.`)
  return [name, value]
}

/** @throws CliError `USAGE` when there is something of that name: which of the two is meant nobody can know */
function putOnce(into: Map<string, string>, [name, value]: readonly [string, string], option: string): void {
  if (into.has(name)) throw usageError(`${option} gives ${name} a second time. Give each once.`)
  into.set(name, value)
}

function originOf({ originRepository, originBranch, originCommit, buildUrl }: BuildOptions): SubmittedOrigin | null {
  const hasRepository = [originRepository, originBranch, originCommit].some((said) => said !== undefined)
  if (!hasRepository && buildUrl === undefined) return null
  return {
    repositoryData: hasRepository
      ? {
          url: originRepository ?? null,
          branchName: originBranch ?? null,
          commitId: originCommit ?? null,
          sourceControlManagementType: 'git',
        }
      : null,
    buildData: buildUrl === undefined ? null : { url: buildUrl },
  }
}
