import type { BuildOfKind } from './build-of-kind.ts'
import { appVeyor, azureDevOps, gitHubByApi, jenkins, jenkinsByClaim, teamCity } from './builds-by-api.ts'
import { gitHubByToken, gitLabByToken, oidcIssuer } from './builds-by-token.ts'

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
