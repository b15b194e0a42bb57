/** What a full reference of Git is of; `undefined` for what is neither branch, tag nor a change that is proposed. */
export type FullRef = { readonly kind: 'branch' | 'tag'; readonly name: string } | { readonly kind: 'pullRequest' }

/** Namespaces in which servers show what others propose: GitHub and Azure DevOps, GitLab, Bitbucket, Gerrit. */
const proposed = /^refs\/(?:pull|merge-requests|pull-requests|changes)\//

/** Reads a full reference, as `refs/heads/main`. A short name says nothing of its kind. */
export function readFullRef(text: string): FullRef | undefined {
  if (proposed.test(text)) return { kind: 'pullRequest' }
  const [, space, name = ''] = /^refs\/(heads|tags)\/(.+)$/.exec(text) ?? []
  return space === undefined ? undefined : { kind: space === 'heads' ? 'branch' : 'tag', name }
}
