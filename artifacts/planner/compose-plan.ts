import { mostNamesOfPath, type PlanNode, type PlanNodeContent, type SigningPlan } from '../../domain/index.ts'
import { ArtifactError } from '../artifact-error.ts'
import { type ComposedDocument, composeDocument, type SpoolFolder, withSpool } from '../documents/index.ts'

/** A plan that was put together: from the nodes that a planner found. */
export type ComposedPlan = ComposedDocument<SigningPlan, PlanNode>

/**
 * Puts a plan together from what a walk over the artifact gives, in the order of {@link PlanNode}: each node gets its place
 * in the tree. Holds a page of nodes in memory, and a number for each node.
 *
 * @param use gets the plan, which can be read until it answers
 * @throws ArtifactError `PLAN_MALFORMED` when the nodes are not in order; the codes of the spools' place
 */
export async function withComposedPlan<Result>(
  plan: SigningPlan,
  nodes: AsyncIterable<PlanNodeContent> | Iterable<PlanNodeContent>,
  spools: SpoolFolder,
  use: (composed: ComposedPlan) => Promise<Result>,
): Promise<Result> {
  // How many nodes are below one is known when all of them are: hence the two walks.
  return withSpool(spools, async (walked) => {
    const tree = new Tree()
    async function* found() {
      for await (const node of nodes) {
        tree.add(node)
        yield node
      }
    }
    const isSigned = ({ outcome }: PlanNodeContent) => outcome === 'signed'
    const draft = await composeDocument(() => plan, found(), { spool: walked, isSigned })
    async function* placed(): AsyncGenerator<PlanNode, void, undefined> {
      let index = 0
      for await (const node of draft.entries()) yield { ...node, ...tree.placeOf(index++) }
    }
    return withSpool(spools, async (spool) => use(await composeDocument(() => plan, placed(), { spool, isSigned })))
  })
}

/** Where each node of a walk stands. */
class Tree {
  readonly #parents: number[] = []
  readonly #descendants: number[] = []
  /** The nodes above the last one, and that one. */
  #open: { readonly index: number; readonly path: readonly string[]; readonly isLeaf: boolean }[] = []

  add({ path, kind }: PlanNodeContent): void {
    if (path.length > mostNamesOfPath)
      throw new ArtifactError(
        'PLAN_MALFORMED',
        `A path of a plan has at most ${mostNamesOfPath} names; one has ${path.length}.`,
      )
    const index = this.#parents.length
    const last = this.#open.at(-1)
    const above = this.#open.slice(0, path.length - 1)
    const parent = above.at(-1)
    const before = this.#open[path.length - 1]
    const fits =
      last === undefined
        ? path.length === 1
        : parent !== undefined &&
          above.length === path.length - 1 &&
          !parent.isLeaf &&
          parent.path.every((name, depth) => name === path[depth]) &&
          (before === undefined || String(before.path.at(-1)) < String(path.at(-1)))
    if (!fits)
      throw new ArtifactError('PLAN_MALFORMED', 'The files of a plan are not in order, or one of them is there twice.')
    for (const each of above) this.#descendants[each.index] = (this.#descendants[each.index] ?? 0) + 1
    this.#parents.push(parent?.index ?? -1)
    this.#descendants.push(0)
    this.#open = [...above, { index, path, isLeaf: kind === 'file' }]
  }

  placeOf(index: number): Pick<PlanNode, 'parent' | 'descendants'> {
    const parent = this.#parents[index] ?? -1
    return { parent: parent === -1 ? null : parent, descendants: this.#descendants[index] ?? 0 }
  }
}
