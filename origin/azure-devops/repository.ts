import type { CheckList, FullRef } from '../reading/index.ts'
import type { AzureApi } from './ask.ts'
import { type BuildAnswer, comparisonAnswer, refsAnswer, repositoryAnswer } from './forms.ts'

type Ref = Exclude<FullRef, { readonly kind: 'pullRequest' }>

/** Azure Repos, whose API is the same as the build's. */
const azureRepos = 'TfsGit'
const scope = 'Code (read)'

/**
 * The address of a build's repository. One of Azure Repos is looked up by its id, because a build keeps the name that it had; of
 * others, what the build says.
 */
export async function repositoryOf(
  checks: CheckList,
  api: AzureApi,
  { repository: { id, type, url } }: BuildAnswer,
): Promise<string | undefined> {
  if (type === azureRepos) {
    const read = await api.read(['git', 'repositories', id], {
      check: 'repository',
      what: `the repository ${id}`,
      scope,
      schema: repositoryAnswer,
    })
    return read?.value.remoteUrl
  }
  const address = type === 'GitHub' && /^[^/]+\/[^/]+$/.test(id) ? `https://github.com/${id}` : (url ?? undefined)
  checks.add(
    'repository',
    { type, id, url },
    address === undefined && {
      code: 'ORIGIN_REPOSITORY_UNSUPPORTED',
      message: `Azure DevOps does not say where the repository ${id} of the kind ${type} is. Repositories are taken of Azure Repos, GitHub, and others that it names by their address.`,
    },
  )
  return address
}

/**
 * Whether the commit is one of the branch or tag, as far as Azure DevOps has the repository itself: whoever starts a build can
 * name any commit for a branch, and a branch can be moved away from it.
 */
export async function judgeCommit(
  checks: CheckList,
  api: AzureApi,
  { repository, sourceVersion }: BuildAnswer,
  ref: Ref,
): Promise<void> {
  if (repository.type !== azureRepos) return
  const path = ['git', 'repositories', repository.id]
  const missing = 'ORIGIN_COMMIT_NOT_ON_REF' as const
  const wrong = {
    code: missing,
    message: `The commit ${sourceVersion} is not on the ${ref.kind} ${ref.name} (any more). Build what is there.`,
  }
  if (ref.kind === 'branch') {
    const read = await api.read([...path, 'diffs', 'commits'], {
      check: 'branchRead',
      what: `the branch ${ref.name}`,
      scope,
      missing,
      schema: comparisonAnswer,
      query: {
        baseVersion: sourceVersion,
        baseVersionType: 'commit',
        targetVersion: ref.name,
        targetVersionType: 'branch',
        $top: '1',
      },
    })
    if (read === undefined) return
    const { commonCommit } = read.value
    checks.add(
      'commitOnRef',
      { commitId: sourceVersion, branch: ref.name, commonCommit },
      commonCommit?.toLowerCase() !== sourceVersion && wrong,
    )
    return
  }
  const read = await api.read([...path, 'refs'], {
    check: 'tagRead',
    what: `the tag ${ref.name}`,
    scope,
    missing,
    schema: refsAnswer,
    query: { filter: `tags/${ref.name}`, peelTags: 'true' },
  })
  // The filter takes the beginning of names.
  const tag = read?.value.value.find(({ name }) => name === `refs/tags/${ref.name}`)
  const target = (tag?.peeledObjectId ?? tag?.objectId)?.toLowerCase()
  if (read !== undefined)
    checks.add('commitOnRef', { commitId: sourceVersion, tag: ref.name, target }, target !== sourceVersion && wrong)
}
