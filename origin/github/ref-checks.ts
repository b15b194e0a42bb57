import { failedCheck, type OriginCheck, passedCheck, type VerifiedOrigin } from '../../domain/index.ts'
import { pathOf } from '../http-api/index.ts'
import { compareAnswer, type Repository, type Run, refAnswer, tagAnswer } from './answers.ts'
import { type GitHubClient, Unanswered } from './client.ts'

/** The ref of a run, looked up. */
export type FoundRef = { readonly ref: VerifiedOrigin['ref'] | null; readonly checks: readonly OriginCheck[] }

/** So many tags may stand for each other before a commit. */
const mostTags = 5

/**
 * Looks up what the ref of a run is (GitHub has names of branches and tags in one field), and whether the commit is the tag's, or
 * contained in the branch: commits of forks can be read under the repository's address too.
 *
 * @param kind what a token has said that it is
 */
export async function findRef(
  client: GitHubClient,
  repository: Repository,
  run: Run,
  kind?: VerifiedOrigin['ref']['kind'],
): Promise<FoundRef> {
  const name = run.head_branch
  if (name !== null && /^(?:refs\/)?pull\/\d+\//.test(name))
    return refused('ORIGIN_PULL_REQUEST', `The run built ${name}, a pull request. Merge it, and build the branch.`, {
      ref: name,
    })
  const root = ['repos', ...repository.full_name.split('/')]
  const [branch, tag] = name === null || !isRefName(name) ? [null, null] : await lookUp(client, root, name, kind)
  const compared = { ref: name, branch: branch?.object.sha, tag: tag?.object.sha }
  if (name === null || (branch === null && tag === null))
    return refused(
      'ORIGIN_REF_NOT_FOUND',
      `There is neither a branch nor a tag ${name ?? 'that GitHub names'} in ${repository.full_name}: it may have been deleted. Build a branch that is there.`,
      compared,
    )
  if (branch !== null && tag !== null)
    return refused(
      'ORIGIN_REF_AMBIGUOUS',
      `${name} is both a branch and a tag of ${repository.full_name}, and nobody can say which of them was built. Delete or rename one of them, and build again.`,
      compared,
    )
  const found = passedCheck('ref', compared)
  if (branch !== null) {
    const check = await checkContained(client, root, run.head_sha, branch.object.sha, name)
    return { ref: { kind: 'branch', name }, checks: [found, check] }
  }
  const commit = tag === null ? null : await commitOfTag(client, root, tag.object)
  const ofTag = checkTag(name, commit, run.head_sha)
  const head = await client.find(refQuestion(root, 'heads', repository.default_branch))
  const check = await checkContained(client, root, run.head_sha, head?.object.sha ?? null, repository.default_branch)
  return { ref: { kind: 'tag', name }, checks: [found, ofTag, check] }
}

async function lookUp(client: GitHubClient, root: readonly string[], name: string, kind: 'branch' | 'tag' | undefined) {
  const branch = kind === 'tag' ? null : await client.find(refQuestion(root, 'heads', name))
  const tag = kind === 'branch' ? null : await client.find(refQuestion(root, 'tags', name))
  // A server that answers with the nearest name has not what was asked for.
  return [branch?.ref === `refs/heads/${name}` ? branch : null, tag?.ref === `refs/tags/${name}` ? tag : null] as const
}

/** Asks for a branch or a tag by its whole name. */
export function refQuestion(root: readonly string[], kind: 'heads' | 'tags', name: string) {
  return {
    name: kind === 'heads' ? 'branch' : 'tag',
    path: pathOf(...root, 'git', 'ref', kind, ...name.split('/')),
    schema: refAnswer,
    permission: 'contents: read',
  }
}

/** As git demands of names (git-check-ref-format), as far as an address depends on it. */
function isRefName(name: string): boolean {
  return name.length <= 500 && !/(?:^|\/)(?:\.|$)|\.\.|\/\/|^\/|[\s\\~^:?*[\p{Cc}]/u.test(name)
}

async function checkContained(
  client: GitHubClient,
  root: readonly string[],
  commit: string,
  head: string | null,
  branch: string,
): Promise<OriginCheck> {
  // The second page of a comparison has its outcome, and none of the changed files.
  const answer =
    head === null
      ? null
      : await client
          .ask({
            name: 'comparison',
            path: pathOf(...root, 'compare', `${commit}...${head}`),
            query: { per_page: 1, page: 2 },
            schema: compareAnswer,
            permission: 'contents: read',
          })
          .catch((error: unknown) => {
            // No common history.
            if (error instanceof Unanswered && error.status === 404) return { status: 'unrelated' }
            throw error
          })
  const compared = { commit, branch, branchCommit: head, comparison: answer?.status }
  if (answer?.status === 'identical' || answer?.status === 'ahead') return passedCheck('commitInBranch', compared)
  return failedCheck(
    'commitInBranch',
    {
      code: 'ORIGIN_COMMIT_NOT_IN_BRANCH',
      message: `The branch ${branch} does not contain the commit ${commit} that was built: it was moved since, or the commit is only in a fork. Build the branch as it is.`,
    },
    compared,
  )
}

async function commitOfTag(
  client: GitHubClient,
  root: readonly string[],
  { type, sha }: { readonly type: string; readonly sha: string },
): Promise<string | null> {
  let [kind, object] = [type, sha]
  for (let depth = 0; kind === 'tag' && depth < mostTags; depth += 1) {
    const path = pathOf(...root, 'git', 'tags', object)
    const next = await client.ask({ name: 'tag', path, schema: tagAnswer, permission: 'contents: read' })
    ;[kind, object] = [next.object.type, next.object.sha]
  }
  return kind === 'commit' ? object : null
}

function checkTag(tag: string, commitOfTag: string | null, commit: string): OriginCheck {
  const compared = { tag, commitOfTag, commit }
  if (commitOfTag === commit) return passedCheck('commitOfTag', compared)
  return failedCheck(
    'commitOfTag',
    {
      code: 'ORIGIN_TAG_MOVED',
      message: `The tag ${tag} does not stand for the commit ${commit} that was built: it was moved since. Build it as it is.`,
    },
    compared,
  )
}

function refused(
  code: string,
  message: string,
  compared: Readonly<Record<string, string | null | undefined>>,
): FoundRef {
  return { ref: null, checks: [failedCheck('ref', { code, message }, compared)] }
}
