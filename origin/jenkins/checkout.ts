import { isCommitId } from '../../domain/commit-id.ts'
import { isSameRepository } from '../../domain/repository-url.ts'
import { type CheckList, type FullRef, readFullRef } from '../reading/index.ts'
import type { BuildAnswer } from './forms.ts'

/** What of the project's repository a build checked out. */
export type Checkout = { readonly url: string; readonly commitId: string; readonly branches: readonly string[] }

/**
 * The one checkout of the project's repository. A build can have several: of shared libraries, which come first, and of other
 * repositories. One of several of the same repository is not chosen: which one went into the artifact nobody can tell.
 */
export function findCheckout(checks: CheckList, { actions }: BuildAnswer, repositoryUrl: string): Checkout | undefined {
  const made = actions.flatMap((action) => {
    const { remoteUrls, lastBuiltRevision } = action ?? {}
    return remoteUrls && lastBuiltRevision ? [{ remoteUrls, ...lastBuiltRevision }] : []
  })
  const fitting = made.filter(({ remoteUrls }) => remoteUrls.some((url) => isSameRepository(url, repositoryUrl)))
  const [first] = fitting
  const isMixed = fitting.some(({ remoteUrls }) => !remoteUrls.every((url) => isSameRepository(url, repositoryUrl)))
  const isOne = first !== undefined && !isMixed && fitting.every(({ SHA1 }) => SHA1 === first.SHA1)
  const compared = {
    repository: repositoryUrl,
    checkouts: made.map(({ remoteUrls, SHA1 }) => `${remoteUrls.join(' ')} ${SHA1}`).join(', '),
  }
  if (isOne && isCommitId(first.SHA1)) {
    checks.add('checkout', compared)
    const branches = [...new Set(fitting.flatMap(({ branch }) => branch.map(({ name }) => name)))]
    return { url: first.remoteUrls[0] ?? repositoryUrl, commitId: first.SHA1.toLowerCase(), branches }
  }
  checks.add('checkout', compared, {
    code: first === undefined ? 'ORIGIN_CHECKOUT_MISSING' : 'ORIGIN_CHECKOUT_AMBIGUOUS',
    message:
      first === undefined
        ? `The build checked out nothing of ${repositoryUrl}. Check the repository URL of the project; the Git plugin of Jenkins must make the checkout.`
        : `The build checked out several commits of ${repositoryUrl}, or mixed it with another repository, so that nobody can tell of which one its artifact is. Check out one.`,
  })
  return undefined
}

/** The reference that Jenkins' Git plugin names: full, or of a remote branch. */
export function refOfCheckout({ branches }: Checkout): FullRef | undefined {
  const refs = branches.map((name) => readFullRef(name.replace(/^(?:refs\/remotes\/)?origin\//, 'refs/heads/')))
  const [first] = refs
  const isOne = refs.every((ref) => JSON.stringify(ref) === JSON.stringify(first))
  return isOne ? first : undefined
}
