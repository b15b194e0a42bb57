import { createHash } from 'node:crypto'
import type { TrustedBuildSystemKind } from '../../../domain/index.ts'
import { appVeyorKeys, appVeyorStandIn } from './app-veyor.ts'
import { azureDevOpsStandIn, azureToken } from './azure-devops.ts'
import { gitHubStandIn } from './github.ts'
import { commit } from './github-world.ts'
import { gitLabCommit, gitLabStandIn, gitLabToken } from './gitlab.ts'
import { jenkinsStandIn, jenkinsUser } from './jenkins.ts'
import { teamCityStandIn, teamCityToken } from './team-city.ts'
import { tokenIssuer } from './token-issuer.ts'

/** What a submission says of a build. */
export type SaidBuild = {
  readonly fields?: Readonly<Record<string, string | number>>
  readonly secrets?: Readonly<Record<string, string>>
  /** `origin.…` of the form. */
  readonly origin?: Readonly<Record<string, string>>
}

/** A way in which a build is wrong, or its submission. */
export type WrongBuild = {
  readonly what: string
  /** Done before it is submitted. */
  readonly change?: () => unknown
  /** Said otherwise. */
  readonly said?: () => Promise<SaidBuild> | SaidBuild
  /** Other bytes than the build made. */
  readonly bytes?: Uint8Array
  /** Whether it is refused at once; else it is recorded as rejected. */
  readonly atOnce: boolean
  readonly code: string
}

/** A build of one kind of build system with which nothing is wrong, and ways in which it can be. */
export type BuildOfKind = {
  readonly kind: TrustedBuildSystemKind
  readonly proof: string
  readonly repositoryUrl: string
  /** Of the link. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly linkSecrets: Readonly<Record<string, string>>
  readonly said: () => Promise<SaidBuild> | SaidBuild
  readonly wrong: readonly WrongBuild[]
  /** As the plugin of the build system submits it. */
  readonly plugin?: {
    /** The part of the path that names the connector. */
    readonly connector: string
    readonly fields: Readonly<Record<string, string | number>>
    /** Whether the artifact is uploaded, and not fetched. */
    readonly isUploaded?: boolean
  }
}

/** Whom identity tokens are for in these tests. */
const audience = 'https://signing.example.com'

/** One right build of each kind, that made these bytes, with stand-ins on 127.0.0.1 until the test ends. */
export async function rightBuilds(program: Uint8Array): Promise<Readonly<Record<string, BuildOfKind>>> {
  return {
    'GitHub Actions by its API': await gitHubByApi(program),
    'GitHub Actions by a token': await gitHubByToken(),
    'GitLab by a token': await gitLabByToken(program),
    'an OpenID Connect issuer': await oidcIssuer(),
    Jenkins: await jenkins(program),
    'Jenkins that is not asked': jenkinsByClaim(),
    'Azure DevOps': await azureDevOps(program),
    TeamCity: await teamCity(program),
    AppVeyor: await appVeyor(program),
  }
}

async function gitHubByApi(program: Uint8Array): Promise<BuildOfKind> {
  const { world, apiUrl } = await gitHubStandIn()
  world.artifact.digest = `sha256:${createHash('sha256').update(program).digest('hex')}`
  Object.assign(world.artifact, { name: 'program.exe', size_in_bytes: program.byteLength })
  Object.assign(world, { artifactBytes: Buffer.from(program) })
  const fields = { runId: '5001', artifactId: '7001' }
  return {
    kind: 'githubActions',
    proof: 'api',
    repositoryUrl: 'https://github.test/Example/program',
    settings: { serverUrl: 'https://github.test', apiUrl, issuer: 'https://github.test/_services/token' },
    linkSecrets: {},
    said: () => ({ fields, secrets: { accessToken: world.token } }),
    plugin: {
      connector: 'GitHub',
      fields: {
        ...{ artifactId: '7001', gitHubWorkflowRunId: '5001', gitHubWorkflowRunAttempt: '' },
        ...{ gitHubRepository: 'Example/program', gitHubToken: world.token },
      },
    },
    wrong: [
      wrongAtOnce('a token that GitHub does not take', 'ORIGIN_API_UNAUTHENTICATED', () => ({
        fields,
        secrets: { accessToken: 'ghs_other' },
      })),
      wrongAtOnce('no credentials', 'ORIGIN_CREDENTIALS_MISSING', () => ({ fields })),
      wrongAtOnce('no artifact', 'ORIGIN_BUILD_UNNAMED', () => ({
        fields: { runId: '5001' },
        secrets: { accessToken: world.token },
      })),
      wrongAtOnce('a run that is no number', 'ORIGIN_BUILD_INVALID', () => ({
        fields: { ...fields, runId: '../5001' },
        secrets: { accessToken: world.token },
      })),
      {
        what: 'an artifact of another run',
        change: () => Object.assign(world.artifact.workflow_run, { id: 5002 }),
        atOnce: false,
        code: 'ORIGIN_ARTIFACT_OTHER_RUN',
      },
    ],
  }
}

const gitHubClaims = {
  aud: audience,
  repository: 'Example/program',
  repository_id: '1001',
  repository_owner: 'Example',
  repository_owner_id: '77',
  event_name: 'push',
  ref: 'refs/heads/main',
  ref_type: 'branch',
  sha: commit,
  workflow_ref: 'Example/program/.github/workflows/release.yml@refs/heads/main',
  job_workflow_ref: 'Example/program/.github/workflows/release.yml@refs/heads/main',
  runner_environment: 'github-hosted',
  run_id: '5001',
  run_attempt: '1',
}

async function gitHubByToken(): Promise<BuildOfKind> {
  const { issuer, sign } = await tokenIssuer()
  const job = issuing(sign, gitHubClaims)
  let used = ''
  return {
    kind: 'githubActions',
    proof: 'identityToken',
    repositoryUrl: 'https://github.test/Example/program',
    settings: {
      serverUrl: 'https://github.test',
      // Nobody answers there: the token says it all.
      apiUrl: 'http://127.0.0.1:9',
      issuer,
      audience,
      repositoryId: 1001,
      repositoryOwnerId: 77,
    },
    linkSecrets: {},
    async said() {
      const said = await job()
      used = said.secrets.identityToken
      return said
    },
    wrong: [
      wrongAtOnce('a token that was used', 'IDENTITY_TOKEN_USED', () => ({ secrets: { identityToken: used } })),
      wrongAtOnce('a token for somebody else', 'IDENTITY_TOKEN_AUDIENCE_WRONG', () => job({ aud: 'https://other' })),
      wrongAtOnce('a token of another repository', 'ORIGIN_REPOSITORY_ID_DIFFERENT', () => job({ repository_id: '2' })),
      wrongAtOnce('a token of a pull request', 'ORIGIN_PULL_REQUEST', () => job({ event_name: 'pull_request_target' })),
      wrongAtOnce('a token that has expired', 'IDENTITY_TOKEN_EXPIRED', () => job({ iat: 1_000, exp: 1_300 })),
      wrongAtOnce('a token for another artifact', 'IDENTITY_TOKEN_OTHER_ARTIFACT', () =>
        job({ aud: `${audience}#sha256=${'0'.repeat(64)}` }),
      ),
      wrongAtOnce('a text that is no token', 'IDENTITY_TOKEN_MALFORMED', () => ({ secrets: { identityToken: 'x' } })),
      wrongAtOnce('a secret that nobody takes', 'ORIGIN_SECRET_UNKNOWN', () => ({ secrets: { password: 'x' } })),
      {
        what: 'a branch that the policy does not allow',
        said: () => job({ ref: 'refs/heads/feature' }),
        atOnce: false,
        code: 'ORIGIN_BRANCH_NOT_ALLOWED',
      },
    ],
  }
}

async function gitLabByToken(program: Uint8Array): Promise<BuildOfKind> {
  const standIn = await gitLabStandIn()
  standIn.world.files['out/tool.exe'] = Buffer.from(program)
  const { issuer, sign } = await tokenIssuer()
  const job = issuing(sign, {
    aud: audience,
    namespace_id: '3',
    namespace_path: 'acme',
    project_id: '7',
    project_path: 'acme/tool',
    user_id: '5',
    user_login: 'ada',
    pipeline_id: '21',
    pipeline_source: 'push',
    job_id: '32',
    ref: 'main',
    ref_type: 'branch',
    ref_path: 'refs/heads/main',
    ref_protected: 'true',
    runner_id: 12,
    runner_environment: 'gitlab-hosted',
    sha: gitLabCommit,
  })
  return {
    kind: 'gitlabCi',
    proof: 'identityToken',
    repositoryUrl: 'https://gitlab.test/acme/tool',
    settings: {
      ...{ serverUrl: 'https://gitlab.test', apiUrl: standIn.apiUrl, issuer, audience },
      ...{ projectId: 7, namespaceId: 3 },
    },
    linkSecrets: { apiKey: gitLabToken },
    said: async () => ({ ...(await job()), fields: { jobId: 31 } }),
    plugin: { connector: 'GitLab', fields: { gitLabJobId: 31, gitLabArtifactPath: 'out/tool.exe' } },
    wrong: [
      wrongAtOnce('a merge request', 'ORIGIN_EVENT_REFUSED', () => job({ pipeline_source: 'merge_request_event' })),
      wrongAtOnce('a branch that is not protected', 'ORIGIN_REF_NOT_PROTECTED', () => job({ ref_protected: 'false' })),
      {
        what: 'a job of another pipeline',
        change: () => Object.assign(standIn.world.jobs[31] ?? {}, { pipeline: { id: 22, project_id: 7 } }),
        said: async () => ({ ...(await job()), fields: { jobId: 31 } }),
        atOnce: false,
        code: 'ORIGIN_JOB_OF_OTHER_BUILD',
      },
    ],
  }
}

async function oidcIssuer(): Promise<BuildOfKind> {
  const { issuer, sign } = await tokenIssuer()
  const job = issuing(sign, { aud: audience, pipeline_id: 'p-1', branch: 'refs/heads/main', commit, build: 42 })
  return {
    kind: 'openIdConnect',
    proof: 'identityToken',
    repositoryUrl: 'https://git.example.com/acme/tool',
    settings: {
      ...{ issuer, audience, required: [{ claim: 'pipeline_id', values: ['p-1'] }] },
      origin: {
        repositoryUrl: { text: 'https://git.example.com/acme/tool.git' },
        ref: { form: 'full', claim: 'branch' },
        commitId: 'commit',
        buildId: 'build',
      },
    },
    linkSecrets: {},
    said: () => job(),
    wrong: [
      wrongAtOnce('no token', 'ORIGIN_SECRET_MISSING', () => ({})),
      wrongAtOnce('another pipeline', 'ORIGIN_CLAIM_REFUSED', () => job({ pipeline_id: 'p-2' })),
    ],
  }
}

async function jenkins(program: Uint8Array): Promise<BuildOfKind> {
  const { world, url } = await jenkinsStandIn()
  world.archived = Buffer.from(program)
  world.archivedDigest = createHash('sha256').update(program).digest('base64')
  return {
    kind: 'jenkins',
    proof: 'api',
    repositoryUrl: 'https://git.example.org/team/library',
    settings: { baseUrl: url, userName: jenkinsUser.userName },
    linkSecrets: { apiKey: jenkinsUser.apiKey },
    said: () => ({
      fields: { job: 'team/library/main', buildNumber: 42, artifactPath: 'out/Library 1.0.3.nupkg' },
    }),
    plugin: {
      connector: 'Jenkins',
      fields: {
        ...{ jobFullName: 'team/library/main', buildNumber: 42 },
        sha256ArtifactPath: 'out/Library 1.0.3.nupkg.sha256',
      },
      isUploaded: true,
    },
    wrong: [
      wrongAtOnce('no build', 'ORIGIN_BUILD_UNNAMED', () => ({})),
      {
        what: 'other bytes than were archived',
        bytes: Buffer.concat([program, Buffer.alloc(8)]),
        atOnce: false,
        code: 'ORIGIN_ARTIFACT_DIFFERENT',
      },
    ],
  }
}

function jenkinsByClaim(): BuildOfKind {
  const origin = {
    'origin.repositoryData.url': 'https://git.example.org/team/library.git',
    'origin.repositoryData.branchName': 'refs/remotes/origin/main',
    'origin.repositoryData.commitId': commit,
    'origin.buildData.url': 'https://jenkins.example.org/job/library/42',
  }
  return {
    kind: 'jenkins',
    proof: 'claim',
    repositoryUrl: 'https://git.example.org/team/library',
    settings: {},
    linkSecrets: {},
    said: () => ({ origin }),
    wrong: [
      wrongAtOnce('a part of a commit', 'ORIGIN_JENKINS_INCOMPLETE', () => ({
        origin: { ...origin, 'origin.repositoryData.commitId': '5f0c3c3' },
      })),
      {
        what: 'another digest than was announced',
        said: () => ({ origin, fields: { sha256: '0'.repeat(64) } }),
        atOnce: false,
        code: 'ORIGIN_ARTIFACT_DIFFERENT',
      },
    ],
  }
}

async function azureDevOps(program: Uint8Array): Promise<BuildOfKind> {
  const { world, url } = await azureDevOpsStandIn()
  world.zip = Buffer.from(program)
  return {
    kind: 'azureDevOps',
    proof: 'api',
    repositoryUrl: 'https://dev.azure.com/example/Library/_git/Library',
    settings: { baseUrl: url, project: 'Library' },
    linkSecrets: { apiKey: azureToken },
    said: () => ({ fields: { buildId: 531, artifactName: 'package' } }),
    plugin: { connector: 'AzureDevOps', fields: { azureDevOpsBuildId: 531, azureDevOpsArtifactName: 'package' } },
    wrong: [
      wrongAtOnce('no artifact', 'ORIGIN_BUILD_INVALID', () => ({ fields: { buildId: 531 } })),
      {
        what: 'a build that failed',
        change: () => Object.assign(world.build, { result: 'failed' }),
        atOnce: false,
        code: 'ORIGIN_BUILD_FAILED',
      },
    ],
  }
}

async function teamCity(program: Uint8Array): Promise<BuildOfKind> {
  const { world, url } = await teamCityStandIn()
  world.bytes = Buffer.from(program)
  world.artifact = { name: 'Library 1.0.3.nupkg', size: program.byteLength }
  return {
    kind: 'teamCity',
    proof: 'api',
    repositoryUrl: 'https://git.example.org/team/library',
    settings: { baseUrl: url, buildTypeIds: ['Library_Release'] },
    linkSecrets: { apiKey: teamCityToken },
    said: () => ({ fields: { buildId: 4711, artifactPath: 'out/Library 1.0.3.nupkg' } }),
    plugin: {
      connector: 'TeamCity',
      fields: { teamCityBuildId: 4711, teamCityArtifactPath: 'out/Library 1.0.3.nupkg' },
    },
    wrong: [
      wrongAtOnce('a field that nobody knows', 'ORIGIN_BUILD_INVALID', () => ({
        fields: { buildId: 4711, artifactPath: 'out/Library 1.0.3.nupkg', runId: 1 },
      })),
      {
        what: 'other bytes than the build made',
        bytes: Buffer.concat([program, Buffer.alloc(8)]),
        atOnce: false,
        code: 'ORIGIN_ARTIFACT_DIFFERENT',
      },
      {
        what: 'a personal build',
        change: () => Object.assign(world.build, { personal: true }),
        atOnce: false,
        code: 'ORIGIN_PERSONAL_BUILD',
      },
    ],
  }
}

async function appVeyor(program: Uint8Array): Promise<BuildOfKind> {
  const { world, url } = await appVeyorStandIn([], { artifact: program })
  return {
    kind: 'appVeyor',
    proof: 'api',
    repositoryUrl: 'https://github.com/example/library',
    settings: { baseUrl: url },
    linkSecrets: { apiKey: appVeyorKeys.account },
    said: () => ({
      fields: {
        ...{ accountName: 'example', projectSlug: 'library', buildVersion: '1.0.3' },
        ...{ buildId: 134173, buildJobId: 'j0b1' },
      },
    }),
    wrong: [
      {
        what: 'scripts in the settings',
        change: () => world.configuration.afterBuildScripts.push({ language: 'ps', script: 'x' }),
        atOnce: false,
        code: 'ORIGIN_APPVEYOR_SCRIPTS',
      },
    ],
  }
}

type Sign = Awaited<ReturnType<typeof tokenIssuer>>['sign']

/** Gives jobs tokens, each of them another one. */
function issuing(sign: Sign, claims: object) {
  let count = 0
  return async (changed: object = {}) => {
    count += 1
    return { secrets: { identityToken: await sign({ ...claims, jti: `job-${count}`, ...changed }) } }
  }
}

function wrongAtOnce(what: string, code: string, said: NonNullable<WrongBuild['said']>): WrongBuild {
  return { what, code, said, atOnce: true }
}
