import type { IncomingMessage } from 'node:http'
import { file, json, page, type RoutedAnswer, worldServer } from './routed-server.ts'

// A stand-in for TeamCity's REST API as its reference describes it (TeamCity 2025.11: Build, Revision, VcsRootInstance, File).

/** The access token that it takes. */
export const teamCityToken = 'eyJ0eXAiOiAiVENWMiJ9.c2VjcmV0.dG9rZW4'

/** Each way in which a build can be wrong. */
export const teamCityFaults = {
  'a build that runs': ({ build }) => Object.assign(build, { state: 'running' }),
  'a build that failed': ({ build }) => Object.assign(build, { status: 'FAILURE' }),
  'a build that waits': ({ build }) => Object.assign(build, { state: 'queued' }),
  'a build that was canceled': ({ build }) =>
    Object.assign(build, { canceledInfo: { timestamp: '20261130T070900+0000' } }),
  'no such build': (world) => Object.assign(world, { buildStatus: 404 }),
  'another build': ({ build }) => Object.assign(build, { id: 999 }),
  'a personal build': ({ build }) => Object.assign(build, { personal: true }),
  'a build without personal': ({ build }) => Object.assign(build, { personal: undefined }),
  'a customized build': ({ build }) => Object.assign(build, { customized: true }),
  'another configuration': ({ build }) => Object.assign(build, { buildTypeId: 'Other_Build' }),
  'a pull request': ({ revision }) => Object.assign(revision, { vcsBranchName: 'refs/pull/12/merge' }),
  'a merge request': ({ revision }) => Object.assign(revision, { vcsBranchName: 'refs/merge-requests/12/head' }),
  'a short branch name': ({ revision }) => Object.assign(revision, { vcsBranchName: 'main' }),
  'a root of another repository': ({ root }) => Object.assign(root, { value: 'https://evil.example/library.git' }),
  'two roots of the repository': ({ build, revision }) =>
    build.revisions.revision.push({ ...revision, version: 'b'.repeat(40) }),
  'a revision that is no commit': ({ revision }) => Object.assign(revision, { version: '4711' }),
  'a root by an address with a token': ({ root }) =>
    Object.assign(root, { value: 'https://ann:t0ken-of-ann@git.example.org/team/library.git' }),
  'a root without an address': ({ root }) => Object.assign(root, { name: 'authMethod' }),
  'no such artifact': (world) => Object.assign(world, { artifact: undefined }),
  'a folder in place of an artifact': (world) => Object.assign(world, { artifact: { name: 'out', children: {} } }),
  'fields that nobody knows': ({ build }) => Object.assign(build, { newField: [{}] }),
} satisfies Record<string, (world: TeamCityWorld) => unknown>

/** Each way in which a build can be wrong. */
export type TeamCityFault = keyof typeof teamCityFaults

/** What the stand-in answers from. */
export type TeamCityWorld = ReturnType<typeof rightWorld>

/** A TeamCity with the build 4711, which is hidden from lists when it is personal, and found by its id all the same. */
export function teamCityStandIn(faults: readonly TeamCityFault[] = []) {
  return worldServer({
    world: rightWorld(),
    faults: faults.map((fault) => teamCityFaults[fault]),
    authorization: `Bearer ${teamCityToken}`,
    unauthorized: 401,
    otherMethod: 405,
    answer,
  })
}

function answer({ pathname, searchParams }: URL, world: TeamCityWorld, { headers }: IncomingMessage): RoutedAnswer {
  const { build, artifact, buildStatus, bytes } = world
  const path = '/app/rest/builds/id:4711'
  const name = '/out/Library%201.0.3.nupkg'
  const notFound = json(404, { errors: [{ message: 'Nothing is found by the locator.' }] })
  if (pathname === `${path}/artifacts/content${name}`) return file(bytes)
  // Without this header TeamCity answers in XML.
  if (headers.accept !== 'application/json') return page(406)
  if (pathname === path && searchParams.get('fields')?.includes('personal'))
    return buildStatus === 200 ? json(200, build) : notFound
  if (pathname === `${path}/artifacts/metadata${name}` && artifact !== undefined) return json(200, artifact)
  return notFound
}

function rightWorld() {
  const root = { name: 'url', value: 'https://git.example.org/team/library.git' }
  const revision = {
    ...{ version: '5F0C3C3F1A2B4D5E6F708192A3B4C5D6E7F80910'.toLowerCase(), vcsBranchName: 'refs/heads/main' },
    'vcs-root-instance': {
      vcsName: 'jetbrains.git',
      properties: { property: [{ name: 'branch', value: 'main' }, root] },
    },
  }
  const library = {
    ...{ version: 'a'.repeat(40), vcsBranchName: 'refs/heads/main' },
    'vcs-root-instance': { properties: { property: [{ name: 'url', value: 'https://git.example.org/team/other' }] } },
  }
  return {
    root,
    revision,
    build: {
      ...{ id: 4711, number: '42', state: 'finished', status: 'SUCCESS', personal: false, customized: false },
      ...{ buildTypeId: 'Library_Release', webUrl: 'https://teamcity.example.org/build/4711' },
      triggered: { type: 'user', user: { id: 7, username: 'ann', name: 'Ann' } },
      revisions: { revision: [library, revision] as object[] },
    },
    artifact: { name: 'Library 1.0.3.nupkg', size: 11, content: { href: 'x' } } as object | undefined,
    buildStatus: 200,
    bytes: Buffer.from('an artifact'),
  }
}
