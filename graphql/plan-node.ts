import {
  type MatchedElement,
  type PagedDocument,
  type PlanNode,
  type PlannedFile,
  type RecordedDocument,
  Refusal,
  type SigningPlan,
} from '../domain/index.ts'
import {
  cursorOf,
  foreignCursor,
  numberOf,
  type Page,
  type PageRequest,
  parsePageRequest,
} from '../projections/index.ts'
import { builder } from './builder.ts'
import { asConnection } from './connection.ts'
import { PlanNodeKindRef, PlannedOutcomeRef } from './enums.ts'
import { ExistingSignatureRef } from './existing-signature.ts'
import { documentsOf, pathDescription } from './paged-document.ts'
import { costInPlan, SigningDirectiveRef } from './signing-directive.ts'

type OpenPlan = PagedDocument<SigningPlan, PlanNode>

/** A node, and the plan that it is of. */
type NodeOfPlan = { readonly plan: RecordedDocument; readonly index: number; readonly node: PlanNode }

/** Opens a request's plan, once an operation. */
export const planOf = documentsOf((reference, { openPlan }) => openPlan(reference))

/** Reads nodes of a plan by numbers, from its entries or from some of them. */
export function nodesOf(plan: RecordedDocument, entries: OpenPlan['entries']) {
  return async (from: number, to: number): Promise<readonly NodeOfPlan[]> =>
    (await entries(from, to)).map(({ index, entry: node }) => ({ plan, index, node }))
}

const MatchedElementRef = builder.objectRef<MatchedElement>('MatchedElement').implement({
  description: 'An element of an artifact configuration.',
  fields: (t) => ({
    name: t.exposeString('name'),
    path: t.exposeString('path', { nullable: true, description: 'The path that matched, as it is written there.' }),
    line: t.exposeInt('line', { description: 'From 1.' }),
    column: t.exposeInt('column', { description: 'From 1.' }),
  }),
})

/** Something that a file says of itself. */
const FoundMetadataRef = builder
  .objectRef<{ readonly name: string; readonly value: string }>('FoundMetadata')
  .implement({
    description: 'What a file says of itself.',
    fields: (t) => ({
      name: t.exposeString('name', {
        description: 'As restrictions of artifact configurations call it: `product-name` …',
      }),
      value: t.exposeString('value'),
    }),
  })

/** A file or folder of a plan, and what becomes of it. */
export const PlanNodeRef = builder.objectRef<NodeOfPlan>('PlanNode')

PlanNodeRef.implement({
  description: 'A file of the artifact, or a folder in it, and what becomes of it.',
  fields: (t) => ({
    index: t.exposeInt('index', { description: 'Its place in the plan, from 0, which is the artifact itself.' }),
    parent: t.int({
      nullable: true,
      description: 'The index of the node that it is in. Null for the artifact itself.',
      resolve: ({ node }) => node.parent,
    }),
    descendantCount: t.int({
      description: 'How many nodes are below it, at any depth: they follow it without a gap.',
      resolve: ({ node }) => node.descendants,
    }),
    kind: t.field({ type: PlanNodeKindRef, resolve: ({ node }) => node.kind }),
    path: t.stringList({
      description: pathDescription,
      resolve: ({ node }) => [...node.path],
    }),
    outcome: t.field({ type: PlannedOutcomeRef, resolve: ({ node }) => node.outcome }),
    element: t.field({
      type: MatchedElementRef,
      nullable: true,
      description: 'What of the artifact configuration matched it. Null where nothing did, or there is none.',
      resolve: ({ node }) => node.element,
    }),
    container: t.string({
      nullable: true,
      description: 'How it is opened, such as `zip`. Null for what is not opened.',
      resolve: ({ node }) => (node.kind === 'container' ? node.container : null),
    }),
    sha256: t.string({
      nullable: true,
      description: 'Of the bytes before anything is done to them. Null for a folder.',
      resolve: ({ node }) => fileOf(node)?.sha256 ?? null,
    }),
    size: t.field({
      type: 'ByteCount',
      nullable: true,
      resolve: ({ node }) => fileOf(node)?.size ?? null,
    }),
    format: t.string({
      nullable: true,
      description: 'What its bytes were recognized as, such as `pe`. Null for what is not signed itself.',
      resolve: ({ node }) => fileOf(node)?.format ?? null,
    }),
    formatTitle: t.string({
      nullable: true,
      description: 'What people call this format.',
      resolve: ({ node }, _, { planWording }) => {
        const format = fileOf(node)?.format ?? null
        return format === null ? null : planWording.formatTitle(format)
      },
    }),
    existingSignatures: t.field({
      type: [ExistingSignatureRef],
      description: 'The signatures that it has already, in their order, and what becomes of each.',
      resolve: ({ node }) => [...(fileOf(node)?.existingSignatures ?? [])],
    }),
    metadata: t.field({
      type: [FoundMetadataRef],
      description: 'What the file says of itself, where the artifact configuration demands something of that.',
      complexity: costInPlan,
      resolve: ({ node }) => Object.entries(node.metadata ?? {}).map(([name, value]) => ({ name, value })),
    }),
    warnings: t.stringList({
      description: 'What approvers should know of it, a sentence for each.',
      resolve: ({ node }) => [...(node.warnings ?? [])],
    }),
    outputs: t.stringList({
      description: 'The signatures that become files of their own: their names in the archive that the file is in.',
      resolve: ({ node }) => [...(node.outputs ?? [])],
    }),
    directives: t.field({
      type: [SigningDirectiveRef],
      description: 'In the order in which they are carried out.',
      // Rarely more than one.
      complexity: costInPlan,
      resolve: ({ node }) => {
        const format = fileOf(node)?.format ?? node.kind
        return node.directives.map((directive) => ({ ...directive, format }))
      },
    }),
    children: t.connection(
      {
        type: PlanNodeRef,
        nullable: true,
        description: 'The nodes that are right in it, in the order of their paths. Pages go forward only.',
        resolve: async (parent, args, context) => {
          const page = parsePageRequest(args)
          if (page.direction === 'backward' || page.before !== undefined)
            throw new Refusal('PAGE_MALFORMED', 'The children of a node are paged forwards: give first and after.')
          return asConnection(await childrenPage(await planOf(parent.plan, context), parent, page))
        },
      },
      { name: 'PlanNodeChildrenConnection' },
    ),
  }),
})

/** What of a node is a file: nothing for a folder. */
function fileOf(node: PlanNode): PlannedFile | undefined {
  return node.kind === 'directory' ? undefined : node
}

/** Goes from one child to the next past what is below it. */
async function childrenPage(
  { entries }: OpenPlan,
  { plan, index, node }: NodeOfPlan,
  { after, size }: PageRequest,
): Promise<Page<NodeOfPlan>> {
  const list = `children ${index} ${plan.digest}`
  const end = index + 1 + node.descendants
  const read = nodesOf(plan, entries)
  async function childAt(number: number): Promise<NodeOfPlan | undefined> {
    const [found] = await read(number, number + 1)
    return found?.node.parent === index ? found : undefined
  }
  let next = index + 1
  if (after !== undefined) {
    const last = await childAt(numberOf(after, list, end))
    if (last === undefined) throw foreignCursor()
    next = last.index + 1 + last.node.descendants
  }
  const items: NodeOfPlan[] = []
  while (next < end && items.length < size) {
    const child = await childAt(next)
    if (child === undefined)
      throw new Refusal(
        'PLAN_MALFORMED',
        `Node ${next} of the plan is not right in node ${index}, whose counts say so.`,
      )
    items.push(child)
    next += 1 + child.node.descendants
  }
  return {
    items: items.map((item) => ({ cursor: cursorOf(item.index, list), item })),
    hasNextPage: next < end,
    hasPreviousPage: after !== undefined,
  }
}
