import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql'

/**
 * Whether an operation asks nothing but some fields of the nodes of a connection that it is resolving, however it asks: of nodes or
 * by edges, in fragments, by other names. What a directive leaves out counts as asked.
 */
export function asksNodesOnly(info: GraphQLResolveInfo, fields: ReadonlySet<string>): boolean {
  const { fragments } = info
  const allows = (name: string) => fields.has(name)
  const ofNode = (node: SelectionSetNode) => every(node, allows, () => true)
  const ofEdge = (edge: SelectionSetNode) =>
    every(
      edge,
      () => true,
      (name, below) => name !== 'node' || ofNode(below),
    )
  const ofConnection = (name: string, below: SelectionSetNode) =>
    name === 'nodes' ? ofNode(below) : name !== 'edges' || ofEdge(below)
  return info.fieldNodes.every(
    ({ selectionSet }) => selectionSet === undefined || every(selectionSet, () => true, ofConnection),
  )

  /** Whether conditions hold for each field of a selection, and for what is selected of it. */
  function every(
    { selections }: SelectionSetNode,
    ofName: (name: string) => boolean,
    ofBelow: (name: string, below: SelectionSetNode) => boolean,
  ): boolean {
    return selections.every((selection) => {
      if (selection.kind === Kind.FIELD) {
        const { name, selectionSet } = selection
        return ofName(name.value) && (selectionSet === undefined || ofBelow(name.value, selectionSet))
      }
      const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments[selection.name.value]
      return fragment === undefined || every(fragment.selectionSet, ofName, ofBelow)
    })
  }
}
