import { createHash } from 'node:crypto'
import { appVeyorKeys, appVeyorStandIn } from './app-veyor.ts'
import { azureDevOpsStandIn, azureToken } from './azure-devops.ts'
import { type BuildOfKind, wrongAtOnce } from './build-of-kind.ts'
import { gitHubStandIn } from './github.ts'
import { commit } from './github-world.ts'
import { jenkinsStandIn, jenkinsUser } from './jenkins.ts'
import { teamCityStandIn, teamCityToken } from './team-city.ts'

/** A build of GitHub Actions that its API tells of, asked with the token of the job. */
export async function gitHubByApi(program: Uint8Array): Promise<BuildOfKind> {
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

/** A build that Jenkins tells of. */
export async function jenkins(program: Uint8Array): Promise<BuildOfKind> {
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

/** A build of a Jenkins that cannot be asked: what the submission says is all there is. */
export function jenkinsByClaim(): BuildOfKind {
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

/** A build that Azure DevOps tells of. */
export async function azureDevOps(program: Uint8Array): Promise<BuildOfKind> {
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

/** A build that TeamCity tells of. */
export async function teamCity(program: Uint8Array): Promise<BuildOfKind> {
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

/** A build that AppVeyor tells of. */
export async function appVeyor(program: Uint8Array): Promise<BuildOfKind> {
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
