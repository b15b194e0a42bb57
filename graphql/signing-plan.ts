import {
  type ContentDigest,
  type DisplayedAttribute,
  type Instant,
  type MatchedElement,
  type PagedDocument,
  type PlacedEntry,
  type PlanNode,
  type RecordedDocument,
  Refusal,
  type SigningDirective,
  type SigningPlan,
} from '../domain/index.ts'
import { type Page, type PageRequest, parsePageRequest } from '../projections/index.ts'
import { builder } from './builder.ts'
import { asConnection, type Connection } from './connection.ts'
import { PlanNodeKindRef, PlannedOutcomeRef } from './enums.ts'
import { ExistingSignatureRef } from './existing-signature.ts'
import { cursorOf, documentFields, documentsOf, foreignCursor, numberedPage, numberOf } from './paged-document.ts'

/** What the log says of a request's plan. */
export type PlanOfRequest = RecordedDocument & {
  readonly plannerVersion: number
  readonly nodeCount: number
  readonly fileCount: number
  readonly approvalDeadline: Instant | null
  readonly plannedAt: Instant | null
}

/** What a list costs that is read with the directive it is of. */
const inPlan = { field: 1, multiplier: 1 }

/** A node, and the plan that it is of. */
type NodeOfPlan = { readonly plan: RecordedDocument; readonly index: number; readonly node: PlanNode }

type OpenPlan = PagedDocument<SigningPlan, PlanNode>

const DirectiveAttributeRef = builder.objectRef<DisplayedAttribute>('DirectiveAttribute').implement({
  fields: (t) => ({
    name: t.exposeString('name', { description: 'As in artifact configurations.' }),
    title: t.exposeString('title', { description: 'What people call it.' }),
    value: t.exposeString('value', { nullable: true, description: 'As text. Null when it is not given.' }),
  }),
})

const ContentDigestRef = builder.objectRef<ContentDigest>('ContentDigest').implement({
  description: 'What a signature will name: the digest of a part of the unsigned file, as its format counts it.',
  fields: (t) => ({
    content: t.exposeString('content', { description: 'What was digested, such as `image`.' }),
    algorithm: t.exposeString('algorithm', { description: 'Such as `sha256`.' }),
    digest: t.exposeString('digest', { description: 'Hexadecimal.' }),
  }),
})

const SigningDirectiveRef = builder
  .objectRef<SigningDirective & { readonly format: string }>('SigningDirective')
  .implement({
    description: 'One thing that is done to a file. Directives of every format have this form.',
    fields: (t) => ({
      directive: t.exposeString('directive', { description: 'Its name in artifact configurations.' }),
      attributes: t.field({
        type: [DirectiveAttributeRef],
        description: 'All of them, defaults too.',
        complexity: inPlan,
        resolve: (directive, _, { planWording }) => [...planWording.attributes(directive.format, directive)],
      }),
      contentDigests: t.field({
        type: [ContentDigestRef],
        complexity: inPlan,
        resolve: ({ contentDigests }) => [...contentDigests],
      }),
    }),
  })

const MatchedElementRef = builder.objectRef<MatchedElement>('MatchedElement').implement({
  description: 'An element of an artifact configuration.',
  fields: (t) => ({
    name: t.exposeString('name'),
    path: t.exposeString('path', { nullable: true, description: 'The path that matched, as it is written there.' }),
    line: t.exposeInt('line', { description: 'From 1.' }),
    column: t.exposeInt('column', { description: 'From 1.' }),
  }),
})

const planOf = documentsOf((reference, { openPlan }) => openPlan(reference))

const PlanNodeRef = builder.objectRef<NodeOfPlan>('PlanNode')

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
      description: "Names from the artifact inwards: the artifact's own file name, the path in it, the path in that, …",
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
      resolve: ({ node }) => (node.kind === 'directory' ? null : node.sha256),
    }),
    size: t.field({
      type: 'ByteCount',
      nullable: true,
      resolve: ({ node }) => (node.kind === 'directory' ? null : node.size),
    }),
    format: t.string({
      nullable: true,
      description: 'What its bytes were recognized as, such as `pe`. Null for what is not signed itself.',
      resolve: ({ node }) => (node.kind === 'directory' ? null : node.format),
    }),
    formatTitle: t.string({
      nullable: true,
      description: 'What people call this format.',
      resolve: ({ node }, _, { planWording }) =>
        node.kind === 'directory' || node.format === null ? null : planWording.formatTitle(node.format),
    }),
    existingSignatures: t.field({
      type: [ExistingSignatureRef],
      description: 'The signatures that it has already, in their order, and what becomes of each.',
      resolve: ({ node }) => (node.kind === 'directory' ? [] : [...node.existingSignatures]),
    }),
    directives: t.field({
      type: [SigningDirectiveRef],
      description: 'In the order in which they are carried out.',
      // Rarely more than one.
      complexity: inPlan,
      resolve: ({ node }) => {
        const format = node.kind === 'directory' ? null : node.format
        return node.directives.map((directive) => ({ ...directive, format: format ?? node.kind }))
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
          return asNodes(parent.plan, await childrenPage(await planOf(parent.plan, context), parent, page))
        },
      },
      { name: 'PlanNodeChildrenConnection' },
    ),
  }),
})

/** A request's plan: what approvers agree to by its digest. */
export const SigningPlanRef = builder.objectRef<PlanOfRequest>('SigningPlan').implement({
  description: 'What will be signed and how: a tree of files. An approval names its digest.',
  fields: (t) => ({
    digest: t.exposeString('digest', { description: 'SHA-256 of `document`, hexadecimal.' }),
    plannerVersion: t.exposeInt('plannerVersion', {
      description: 'Which planner made it. A signer that does not have that one lets the request wait.',
    }),
    fileCount: t.exposeInt('fileCount', { description: 'How many files will be signed.' }),
    nodeCount: t.exposeInt('nodeCount', { description: 'How many files and folders the plan names.' }),
    plannedAt: t.expose('plannedAt', { type: 'DateTime', nullable: true }),
    approvalDeadline: t.expose('approvalDeadline', {
      type: 'DateTime',
      nullable: true,
      description: 'When a request without quorum will be denied. Null waits without end.',
    }),
    certificateThumbprint: t.string({
      nullable: true,
      description: 'SHA-256 of the signing certificate, hexadecimal.',
      resolve: async (plan, _, context) => (await planOf(plan, context)).head.certificateThumbprint,
    }),
    files: t.connection(
      {
        type: PlanNodeRef,
        nullable: true,
        description: 'The files that will be signed, in the order of the plan.',
        resolve: async (plan, args, context) => {
          const page = parsePageRequest(args)
          const { signedCount: count, signedEntries } = await planOf(plan, context)
          return asNodes(plan, await numberedPage({ list: `files ${plan.digest}`, count, page }, signedEntries))
        },
      },
      { name: 'PlannedFileConnection' },
    ),
    nodes: t.connection(
      {
        type: PlanNodeRef,
        nullable: true,
        description: 'The whole tree, depth first: a container before what is in it.',
        resolve: async (plan, args, context) => {
          const page = parsePageRequest(args)
          const { entryCount: count, entries } = await planOf(plan, context)
          return asNodes(plan, await numberedPage({ list: `nodes ${plan.digest}`, count, page }, entries))
        },
      },
      { name: 'PlanNodeConnection' },
    ),
    ...documentFields(t, planOf),
  }),
})

/** Goes from one child to the next past what is below it. */
async function childrenPage(
  { entries }: OpenPlan,
  { plan, index, node }: NodeOfPlan,
  { after, size }: PageRequest,
): Promise<Page<PlacedEntry<PlanNode>>> {
  const list = `children ${index} ${plan.digest}`
  const end = index + 1 + node.descendants
  async function childAt(number: number): Promise<PlacedEntry<PlanNode> | undefined> {
    const [found] = await entries(number, number + 1)
    return found?.entry.parent === index ? found : undefined
  }
  let next = index + 1
  if (after !== undefined) {
    const last = await childAt(numberOf(after, list, end))
    if (last === undefined) throw foreignCursor()
    next = last.index + 1 + last.entry.descendants
  }
  const items: PlacedEntry<PlanNode>[] = []
  while (next < end && items.length < size) {
    const child = await childAt(next)
    if (child === undefined)
      throw new Refusal(
        'PLAN_MALFORMED',
        `Node ${next} of the plan is not right in node ${index}, whose counts say so.`,
      )
    items.push(child)
    next += 1 + child.entry.descendants
  }
  return {
    items: items.map((item) => ({ cursor: cursorOf(item.index, list), item })),
    hasNextPage: next < end,
    hasPreviousPage: after !== undefined,
  }
}

function asNodes(plan: RecordedDocument, page: Page<PlacedEntry<PlanNode>>): Connection<NodeOfPlan> {
  return asConnection({
    ...page,
    items: page.items.map(({ cursor, item: { index, entry: node } }) => ({ cursor, item: { plan, index, node } })),
  })
}
