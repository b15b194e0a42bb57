import { createHash } from 'node:crypto'
import { parseSha256Digest, type Sha256Digest } from '../../domain/digest.ts'
import type { ConnectorTools, OriginQuestion } from '../connector.ts'
import { pathOf } from '../http-api/index.ts'
import { OriginError } from '../origin-error.ts'
import { type CheckList, requireApiKey } from '../reading/index.ts'
import type { BuildAnswer, JenkinsBuild, JenkinsSettings } from './forms.ts'
import { jobPath } from './job-ref.ts'
import { judgeDigest } from './verify-claim.ts'

type Question = OriginQuestion<JenkinsSettings, JenkinsBuild>

/** The most bytes of a file that has a digest. */
const longestDigest = 1_024

/** The file of the build by which the artifact is known: itself, or its digest, as the Jenkins plugin archives it. */
export function archivedPathOf({ artifactPath, sha256ArtifactPath }: JenkinsBuild): string | undefined {
  return artifactPath ?? sha256ArtifactPath ?? undefined
}

/**
 * The headers by which Jenkins is asked.
 *
 * @throws OriginError `ORIGIN_CREDENTIALS_MISSING`
 */
export function credentials(
  { userName }: JenkinsSettings,
  tools: Pick<ConnectorTools, 'secrets'>,
): Readonly<Record<string, string>> {
  const missing = 'The link names an address of Jenkins, but no user or no API token of that user. Give it both.'
  const key = requireApiKey(tools, missing)
  if (userName === null) throw new OriginError('ORIGIN_CREDENTIALS_MISSING', missing)
  return { authorization: `Basic ${Buffer.from(`${userName}:${key}`).toString('base64')}`, accept: 'application/json' }
}

/**
 * The SHA-256 that a build archived of an artifact which comes otherwise than from Jenkins: what comes must be that.
 *
 * @throws OriginError `ORIGIN_BUILD_UNNAMED`, `ORIGIN_ANNOUNCEMENT_MALFORMED`, `ORIGIN_CREDENTIALS_MISSING`, `ORIGIN_API_…`
 */
export async function announcedDigest({ settings, build }: Question, tools: ConnectorTools): Promise<Sha256Digest> {
  const { job, buildNumber, sha256ArtifactPath } = build
  if (settings.baseUrl === null || !job || !buildNumber || !sha256ArtifactPath)
    throw new OriginError(
      'ORIGIN_BUILD_UNNAMED',
      'Jenkins is asked for the SHA-256 that the build archived: the link must name its address, and the submission job, buildNumber and sha256ArtifactPath.',
    )
  return archivedDigest(tools, credentials(settings, tools), buildPath(job, buildNumber), sha256ArtifactPath)
}

/** The path of a build in Jenkins' addresses. */
export function buildPath(job: string, buildNumber: string): string {
  return `${jobPath(job)}/${buildNumber}`
}

/**
 * Only what the build archived is signed: what was sent is compared with it byte for byte, or with its SHA-256 where the build archived
 * that in its place.
 */
export async function judgeArtifact(
  checks: CheckList,
  tools: ConnectorTools,
  {
    path,
    headers,
    found,
    question: { artifact, build },
  }: {
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
    readonly found: BuildAnswer
    readonly question: Question
  },
): Promise<void> {
  const archivedPath = archivedPathOf(build) ?? ''
  const listed = found.artifacts.filter(({ relativePath }) => relativePath === archivedPath)
  const isOfBuild = checks.add(
    'artifactOfBuild',
    { artifactPath: archivedPath, archived: found.artifacts.length },
    listed.length !== 1 && {
      code: 'ORIGIN_ARTIFACT_NOT_FOUND',
      message: `The build has no archived artifact ${archivedPath}. Archive it (archiveArtifacts) before it is submitted, and submit that path.`,
    },
  )
  judgeDigest(checks, build, artifact)
  if (!isOfBuild || artifact === null) return
  const isWhole = build.artifactPath === archivedPath
  const archived = isWhole
    ? await digestOfArchived(tools, headers, path, archivedPath)
    : await archivedDigest(tools, headers, path, archivedPath)
  checks.add(
    'artifactArchived',
    { archived, artifact: artifact.sha256, by: isWhole ? 'its bytes' : 'its archived SHA-256' },
    archived !== artifact.sha256 && {
      code: 'ORIGIN_ARTIFACT_DIFFERENT',
      message: `What was submitted is not what the build archived as ${archivedPath}: their SHA-256 differ. Submit the archived artifact.`,
    },
  )
}

function archivedFile(path: string, archivedPath: string): string {
  return `${path}/artifact/${pathOf(...archivedPath.split('/'))}`
}

async function digestOfArchived(
  { api, signal }: ConnectorTools,
  headers: Readonly<Record<string, string>>,
  path: string,
  archivedPath: string,
): Promise<string> {
  const { bytes } = await api.download({ path: archivedFile(path, archivedPath), headers })
  const hash = createHash('sha256')
  for await (const part of bytes) {
    signal.throwIfAborted()
    hash.update(part)
  }
  return hash.digest('hex')
}

/** Reads a SHA-256 in base64, as the Jenkins plugin archives it, or in hexadecimal. */
async function archivedDigest(
  { api }: ConnectorTools,
  headers: Readonly<Record<string, string>>,
  path: string,
  archivedPath: string,
): Promise<Sha256Digest> {
  const { bytes } = await api.download({ path: archivedFile(path, archivedPath), headers, maximumBytes: longestDigest })
  const parts: Uint8Array[] = []
  for await (const part of bytes) parts.push(part)
  const text = Buffer.concat(parts).toString('latin1').trim()
  const hexadecimal = /^[A-Za-z0-9+/]{43}=$/.test(text) ? Buffer.from(text, 'base64').toString('hex') : text
  if (/^[0-9a-f]{64}$/i.test(hexadecimal)) return parseSha256Digest(hexadecimal.toLowerCase(), 'The archived SHA-256')
  throw new OriginError(
    'ORIGIN_ANNOUNCEMENT_MALFORMED',
    `The archived file ${archivedPath} does not hold a SHA-256, in base64 or hexadecimal, and nothing else. Have the plugin archive it, or submit the archived artifact by its own path.`,
  )
}
