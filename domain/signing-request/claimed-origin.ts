import type { TrustedBuildSystemId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { parseName } from '../text.ts'
import type { Artifact } from './source.ts'

/** Where an artifact comes from, as whoever submits it says. Nobody has checked it. */
export type SaidOrigin = {
  readonly repositoryData: {
    readonly url: string | null
    readonly branchName: string | null
    readonly commitId: string | null
    /** Such as `git`. */
    readonly sourceControlManagementType: string | null
  } | null
  readonly buildData: {
    /** The page of the build. */
    readonly url: string | null
    /** The file that said how to build, in the artifact store. */
    readonly buildSettingsFile: Artifact | null
  } | null
  /** Verification summaries of the source revision, in the artifact store; left out where none came. */
  readonly sourceSummaries?: readonly Artifact[]
}

/** The origin that a trusted build system claims for what its build submits. It is a claim: verification is another matter. */
export type ClaimedOrigin = SaidOrigin & { readonly trustedBuildSystemId: TrustedBuildSystemId }

/**
 * Reads an origin: names are 1 to 200 characters of a plain line, addresses have 2,000 at the most and hold no credentials: they
 * stand in the log.
 *
 * @returns `null` when nothing is said
 * @throws Refusal `NAME_MALFORMED`, `ORIGIN_URL_MALFORMED`
 */
export function parseSaidOrigin({ repositoryData, buildData, sourceSummaries = [] }: SaidOrigin): SaidOrigin | null {
  const name = (text: string | null, field: string) => (text === null ? null : parseName(text, `origin.${field}`))
  const repository = repositoryData && {
    url: parseOriginUrl(repositoryData.url, 'origin.repositoryData.url'),
    branchName: name(repositoryData.branchName, 'repositoryData.branchName'),
    commitId: name(repositoryData.commitId, 'repositoryData.commitId'),
    sourceControlManagementType: name(
      repositoryData.sourceControlManagementType,
      'repositoryData.sourceControlManagementType',
    ),
  }
  const build = buildData && {
    url: parseOriginUrl(buildData.url, 'origin.buildData.url'),
    buildSettingsFile: buildData.buildSettingsFile,
  }
  const said = { repositoryData: saysSomething(repository), buildData: saysSomething(build) }
  if (sourceSummaries.length > 0) return { ...said, sourceSummaries }
  return said.repositoryData === null && said.buildData === null ? null : said
}

function saysSomething<Part extends object>(part: Part | null): Part | null {
  return part !== null && Object.values(part).some((value) => value !== null) ? part : null
}

/** Of a repository it may be in a form of its own, such as `git@example.org:team/program.git`. */
function parseOriginUrl(text: string | null, field: string): string | null {
  if (text === null) return null
  if (text.length > 2_000 || !/^[\x21-\x7e]+$/.test(text))
    throw new Refusal(
      'ORIGIN_URL_MALFORMED',
      `${field} must be an address of no more than 2,000 printable ASCII characters, percent-encoded where it needs others; it has ${text.length} characters.`,
      { field },
    )
  // Of https, one slash or none is read as two are (WHATWG URL, special schemes).
  const url = /^(https?:|[a-z][a-z0-9+.-]*:\/\/)/i.test(text) ? URL.parse(text) : undefined
  if (url === null) throw new Refusal('ORIGIN_URL_MALFORMED', `${field} is no address.`, { field })
  const hasUser = url !== undefined && url.username !== '' && !/^ssh$/i.test(url.protocol.slice(0, -1))
  if (hasUser || (url !== undefined && url.password !== ''))
    throw new Refusal(
      'ORIGIN_URL_MALFORMED',
      `${field} holds a user name or password. It would stand in the audit log: send it without.`,
      { field },
    )
  return text
}
