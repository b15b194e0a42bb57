import type { PlanNodeContent } from '../../domain/index.ts'
import type { SignatureFormat } from '../../signing/signature-format.ts'

/** A file that a walk has found in an artifact, or the artifact itself. */
export type TreeNode = {
  readonly content: Exclude<PlanNodeContent, { readonly kind: 'directory' }>
  /** What it was recognized as, where that matters. */
  readonly format: SignatureFormat | undefined
  /** Which entry of its container it is; -1 for the artifact. */
  readonly entry: number
  /** Where a copy of it is, for what is signed or opened; `undefined` of others. */
  readonly copy: string | undefined
  /** In the order of the plan. */
  readonly children: readonly TreeNode[]
}

/** Whether something of a file is changed, or files are put beside it. */
export function changes({ content }: TreeNode): boolean {
  return content.outcome !== 'unchanged'
}

/** The nodes of a tree in the order of a plan. */
export function* nodesOf(node: TreeNode): Generator<PlanNodeContent, void, undefined> {
  yield node.content
  for (const child of node.children) yield* nodesOf(child)
}

/** The nodes of a tree, each with its place in the plan. */
export function numbered(root: TreeNode): ReadonlyMap<TreeNode, number> {
  const places = new Map<TreeNode, number>()
  const visit = (node: TreeNode) => {
    places.set(node, places.size)
    for (const child of node.children) visit(child)
  }
  visit(root)
  return places
}
