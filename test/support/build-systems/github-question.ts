import { createHash } from 'node:crypto'
import { expect, onTestFinished } from 'vitest'
import type { Artifact, OriginCheck, Sha256Digest } from '../../../domain/index.ts'
import { createGitHubConnector, type GitHubBuild } from '../../../origin/github/index.ts'
import type { IdentityTokens } from '../../../origin/identity-token/index.ts'
import type { OriginFinding } from '../../../origin/index.ts'
import { connectorTools, type TestTools } from './connector-tools.ts'
import { type GitHubStandIn, gitHubStandIn } from './github.ts'

/** The moment at which tests ask. */
export const askedAt = '2026-11-30T08:00:00.000Z'

/** A stand-in that was asked for nothing that GitHub does not take, and that nobody left a secret of. */
export async function strictGitHub(): Promise<GitHubStandIn> {
  const gitHub = await gitHubStandIn()
  onTestFinished(() => expect(gitHub.complaints).toEqual([]))
  return gitHub
}

/** The artifact as it is in the store, when it is the one that the stand-in has. */
export function storedArtifact({ world }: GitHubStandIn): Artifact {
  const bytes = world.artifactBytes
  const sha256 = createHash('sha256').update(bytes).digest('hex') as Sha256Digest
  return { sha256, size: bytes.byteLength } as Artifact
}

/** What is asked of the connector, and with what. */
export type GitHubCase = {
  readonly settings?: Readonly<Record<string, unknown>>
  readonly build?: Readonly<Record<string, unknown>>
  readonly secrets?: Readonly<Record<string, string>>
  readonly artifact?: Artifact | null
  readonly tokens?: IdentityTokens
  readonly repositoryUrl?: string
}

const noTokens: IdentityTokens = {
  check: () => Promise.reject(new Error('No token was sent.')),
}

/** The connector with a question and tools for it, against a stand-in. */
export function gitHubCase(gitHub: GitHubStandIn, given: GitHubCase = {}) {
  const { secrets = { accessToken: 'ghs_job-token-canary' }, tokens = noTokens } = given
  const { build = { runId: '5001', artifactId: '7001' }, repositoryUrl = 'https://github.test/Example/program' } = given
  const connector = createGitHubConnector(tokens)
  const settings = connector.settings.parse({
    serverUrl: 'https://github.test',
    apiUrl: gitHub.apiUrl,
    issuer: 'https://github.test/_services/token',
    hostedRunnerGroups: [{ id: 0, name: 'GitHub Actions' }],
    ...given.settings,
  })
  const artifact = given.artifact === undefined ? storedArtifact(gitHub) : given.artifact
  const question = {
    settings,
    build: connector.build.parse(build) as GitHubBuild,
    artifact,
    claimed: null,
    project: { slug: 'program', repositoryUrl },
    signingPolicy: { slug: 'release' },
  }
  const tools = connectorTools('GitHub', connector.baseUrl(settings) ?? '', secrets, askedAt)
  return { connector, question, tools }
}

/** What the connector finds. */
export async function verifyGitHub(
  gitHub: GitHubStandIn,
  given: GitHubCase = {},
): Promise<OriginFinding & { readonly tools: TestTools }> {
  const { connector, question, tools } = gitHubCase(gitHub, given)
  return { ...(await connector.verify(question, tools)), tools }
}

/** The codes of checks that did not pass. */
export function faultsOf({ checks }: { readonly checks: readonly OriginCheck[] }): string[] {
  return checks.flatMap(({ code }) => code ?? [])
}
