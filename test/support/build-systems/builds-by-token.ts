import { type BuildOfKind, wrongAtOnce } from './build-of-kind.ts'
import { commit } from './github-world.ts'
import { gitLabClaims, gitLabStandIn, gitLabToken } from './gitlab.ts'
import { tokenIssuer } from './token-issuer.ts'

/** Whom identity tokens are for in these tests. */
const audience = 'https://signing.example.com'

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

/** A build of GitHub Actions that the identity token of its job proves; the API of GitHub is not there. */
export async function gitHubByToken() {
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
    async said(changed: object = {}) {
      const said = await job(changed)
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
  } satisfies BuildOfKind
}

/** A build of GitLab that the identity token of a later job proves, whose artifact the API has. */
export async function gitLabByToken(program: Uint8Array): Promise<BuildOfKind> {
  const standIn = await gitLabStandIn()
  standIn.world.files['out/tool.exe'] = Buffer.from(program)
  const { issuer, sign } = await tokenIssuer()
  const job = issuing(sign, { aud: audience, ...gitLabClaims })
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

/** A build of a system that is known by the issuer of its tokens alone. */
export async function oidcIssuer(): Promise<BuildOfKind> {
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

type Sign = Awaited<ReturnType<typeof tokenIssuer>>['sign']

/** Gives jobs tokens, each of them another one. */
function issuing(sign: Sign, claims: object) {
  let count = 0
  return async (changed: object = {}) => {
    count += 1
    return { secrets: { identityToken: await sign({ ...claims, jti: `job-${count}`, ...changed }) } }
  }
}
