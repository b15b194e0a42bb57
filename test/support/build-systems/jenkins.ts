import { createHash } from 'node:crypto'
import { file, json, page, type RoutedAnswer, worldServer } from './routed-server.ts'

// A stand-in for Jenkins' remote access API, as a Jenkins 2.528 LTS describes it under /api/ of each object, with what the plugins Git
// 5.x (BuildData), Pipeline (WorkflowRun) and Branch API (views of multibranch projects) export.

/** The user and API token that it takes. */
export const jenkinsUser = { userName: 'signing', apiKey: '11b7c9e5a2d34f6081' } as const

const libraryCheckout = {
  _class: 'hudson.plugins.git.util.BuildData',
  remoteUrls: ['https://git.example.org/team/pipeline-library.git'],
  lastBuiltRevision: { SHA1: 'a'.repeat(40), branch: [{ SHA1: 'a'.repeat(40), name: 'main' }] },
}

/** Each way in which a build can be wrong. */
export const jenkinsFaults = {
  'a build that runs': ({ build }) => Object.assign(build, { building: true, result: null }),
  'a build that failed': ({ build }) => Object.assign(build, { result: 'FAILURE' }),
  'a build that is unstable': ({ build }) => Object.assign(build, { result: 'UNSTABLE' }),
  'no such build': (world) => Object.assign(world, { buildStatus: 404 }),
  'a user without permission': (world) => Object.assign(world, { buildStatus: 403 }),
  'another build number': ({ build }) => Object.assign(build, { number: 43 }),
  'a replayed build': ({ build }) =>
    build.actions.push({ causes: [{ _class: 'org.jenkinsci.plugins.workflow.cps.replay.ReplayCause' }] }),
  'a checkout of the library only': ({ build }) => Object.assign(build, { actions: [libraryCheckout] }),
  'two commits of the repository': ({ build, checkout }) =>
    build.actions.push({ ...checkout, lastBuiltRevision: { SHA1: 'b'.repeat(40), branch: [] } }),
  'a checkout of two repositories': ({ checkout }) => checkout.remoteUrls.push('https://evil.example/library.git'),
  'a repository by an address with a token': ({ checkout }) =>
    checkout.remoteUrls.splice(0, 1, 'https://ann:t0ken-of-ann@git.example.org/team/library.git'),
  'a change request': ({ views }) => Object.assign(views, { 'change-requests': ['main'], default: [] }),
  'a tag named like a branch': ({ views }) => Object.assign(views, { tags: ['main'], default: [] }),
  'views that do not show the job': ({ views }) => Object.assign(views, { default: [] }),
  'a plain folder': (world) => Object.assign(world, { folderClass: 'com.cloudbees.hudson.plugins.folder.Folder' }),
  'a plain folder and a detached head': (world) => {
    world.folderClass = 'com.cloudbees.hudson.plugins.folder.Folder'
    Object.assign(world.checkout.lastBuiltRevision.branch[0] ?? {}, { name: 'detached' })
  },
  'a plain folder and a pull request': (world) => {
    world.folderClass = 'com.cloudbees.hudson.plugins.folder.Folder'
    Object.assign(world.checkout.lastBuiltRevision.branch[0] ?? {}, { name: 'refs/pull/12/merge' })
  },
  'an artifact that was not archived': ({ build }) => Object.assign(build, { artifacts: [] }),
  'an archived artifact of other bytes': (world) => Object.assign(world, { archived: Buffer.from('other bytes') }),
  'an archived digest of other bytes': (world) =>
    Object.assign(world, { archivedDigest: createHash('sha256').update('other bytes').digest('base64') }),
  'an archived digest in hexadecimal': (world) =>
    Object.assign(world, { archivedDigest: `${createHash('sha256').update('an artifact').digest('hex')}\n` }),
  'a file in place of the archived digest': (world) => Object.assign(world, { archivedDigest: 'a digest, or so' }),
  'a build without a result': ({ build }) => Object.assign(build, { result: undefined }),
  'fields that nobody knows': ({ build }) => Object.assign(build, { newField: [{}] }),
} satisfies Record<string, (world: JenkinsWorld) => unknown>

/** Each way in which a build can be wrong. */
export type JenkinsFault = keyof typeof jenkinsFaults

/** What the stand-in answers from. */
export type JenkinsWorld = ReturnType<typeof rightWorld>

/** A Jenkins with the build 42 of the job `team/library/main` of a multibranch project. */
export function jenkinsStandIn(faults: readonly JenkinsFault[] = []) {
  const { userName, apiKey } = jenkinsUser
  return worldServer({
    world: rightWorld(),
    faults: faults.map((fault) => jenkinsFaults[fault]),
    authorization: `Basic ${Buffer.from(`${userName}:${apiKey}`).toString('base64')}`,
    unauthorized: 401,
    otherMethod: 403,
    answer,
  })
}

function answer({ pathname, searchParams }: URL, world: JenkinsWorld): RoutedAnswer {
  const { build, views, folderClass, buildStatus, archived, archivedDigest } = world
  if (pathname === '/job/team/job/library/job/main/42/api/json' && buildStatus !== 200) return page(buildStatus)
  if (pathname === '/job/team/job/library/job/main/42/api/json' && searchParams.has('tree')) return json(200, build)
  if (pathname === '/job/team/job/library/job/main/42/artifact/out/Library%201.0.3.nupkg') return file(archived)
  if (pathname === '/job/team/job/library/job/main/42/artifact/out/Library%201.0.3.nupkg.sha256')
    return file(Buffer.from(archivedDigest))
  if (pathname !== '/job/team/job/library/api/json') return page(404)
  const shown = Object.entries(views).map(([name, jobs]) => ({ name, jobs: jobs.map((job) => ({ name: job })) }))
  return json(200, { _class: folderClass, views: shown })
}

function rightWorld() {
  const commit = '5f0c3c3f1a2b4d5e6f708192a3b4c5d6e7f80910'
  const checkout = {
    _class: 'hudson.plugins.git.util.BuildData',
    remoteUrls: ['git@git.example.org:team/library.git'],
    lastBuiltRevision: { SHA1: commit, branch: [{ SHA1: commit, name: 'refs/remotes/origin/main' }] },
  }
  const causes = [{ _class: 'hudson.model.Cause$UserIdCause', shortDescription: 'x', userId: 'ann', userName: 'Ann' }]
  return {
    checkout,
    build: {
      _class: 'org.jenkinsci.plugins.workflow.job.WorkflowRun',
      ...{ number: 42, url: 'http://jenkins/job/team/job/library/job/main/42/', building: false, result: 'SUCCESS' },
      actions: [
        { _class: 'hudson.model.CauseAction', causes },
        {},
        null,
        libraryCheckout,
        checkout,
        checkout,
      ] as unknown[],
      artifacts: ['Library 1.0.3.nupkg', 'Library 1.0.3.nupkg.sha256'].map((fileName) => ({
        ...{ displayPath: 'x', fileName, relativePath: `out/${fileName}` },
      })),
    },
    views: { default: ['main'], tags: ['v1.0.3'], 'change-requests': ['PR-12'] } as Record<string, string[]>,
    folderClass: 'org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject',
    buildStatus: 200,
    archived: Buffer.from('an artifact'),
    /** As the plugin archives it. */
    archivedDigest: createHash('sha256').update('an artifact').digest('base64'),
  }
}
