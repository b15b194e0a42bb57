import { createContextCache, type ObjectRef } from '@pothos/core'
import DataLoader from 'dataloader'
import type { PagedDocument, RecordedDocument } from '../domain/index.ts'
import { type NumberedList, numberedPage, parsePageRequest } from '../projections/index.ts'
import type { SchemaTypes } from './builder.ts'
import { asConnection } from './connection.ts'
import type { GraphQLContext } from './context.ts'

type ExtendedTypes = PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>

/** What fields of a type are made with that stands for a document. */
type DocumentFields<Reference> = PothosSchemaTypes.ObjectFieldBuilder<ExtendedTypes, Reference>

/** Opens a document once an operation, however many fields ask for it. */
export function documentsOf<Document>(
  open: (reference: RecordedDocument, context: GraphQLContext) => Promise<Document>,
): (reference: RecordedDocument, context: GraphQLContext) => Promise<Document> {
  const loaders = createContextCache(
    (context: GraphQLContext) =>
      new DataLoader<RecordedDocument, Document, string>(
        (references) => Promise.all(references.map((reference) => open(reference, context).catch(asError))),
        { cacheKeyFn: keyOf },
      ),
  )
  return (reference, context) => loaders(context).load(reference)
}

function keyOf({ digest, document, signingRequestId, entryCount, signedCount }: RecordedDocument): string {
  return JSON.stringify([digest, document, signingRequestId, entryCount, signedCount])
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** How much of an operation's cost the text of a page takes: it may have 128 KiB and more. */
const pageTextCost = 1_000

/** The fields by which anybody can check a document against its digest. */
export function documentFields<Reference extends RecordedDocument>(
  t: DocumentFields<Reference>,
  open: (reference: Reference, context: GraphQLContext) => Promise<PagedDocument<unknown, unknown>>,
) {
  return {
    document: t.string({
      nullable: true,
      description:
        "The head of its document: canonical JSON (RFC 8785), whose SHA-256 is the digest. Its `pages` name each page's SHA-256.",
      resolve: async (reference, _, context) => (await open(reference, context)).headText,
    }),
    page: t.string({
      nullable: true,
      description:
        'A page of its document: entries in canonical JSON, one on each line. Null for a page that there is not.',
      args: { index: t.arg.int({ required: true, description: 'From 0.' }) },
      complexity: { field: pageTextCost },
      resolve: async (reference, { index }, context) =>
        (await (await open(reference, context)).pageText(index)) ?? null,
    }),
  }
}

/** What the paths of a document's entries are. */
export const pathDescription =
  "Names from the artifact inwards: the artifact's own file name, the path in it, the path in that, …"

/**
 * A connection of entries of a document. It is null, with the error, where the document cannot be read.
 *
 * @param name of the connection's type
 * @param options.list the entries, which are numbered by themselves when it has only some of the document
 * @throws Refusal `PAGE_TOO_LARGE`, `PAGE_MALFORMED`, `CURSOR_MALFORMED`, when the field is asked for
 */
export function entryConnection<Reference extends RecordedDocument, Node>(
  t: DocumentFields<Reference>,
  name: string,
  options: {
    readonly type: ObjectRef<ExtendedTypes, Node>
    readonly description: string
    readonly list: (reference: Reference, context: GraphQLContext) => NumberedList<Node> | Promise<NumberedList<Node>>
  },
) {
  const { type, description, list } = options
  return t.connection(
    {
      type,
      nullable: true,
      description,
      resolve: async (reference, args, context) => {
        const page = parsePageRequest(args)
        return asConnection(await numberedPage(await list(reference, context), page))
      },
    },
    { name },
  )
}
