import { createContextCache } from '@pothos/core'
import DataLoader from 'dataloader'
import { type PagedDocument, type RecordedDocument, Refusal } from '../domain/index.ts'
import { decodeCursor, encodeCursor, type Page, type PageRequest } from '../projections/index.ts'
import type { SchemaTypes } from './builder.ts'
import type { GraphQLContext } from './context.ts'

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
  t: PothosSchemaTypes.ObjectFieldBuilder<PothosSchemaTypes.ExtendDefaultTypes<SchemaTypes>, Reference>,
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

/**
 * One page of a list whose items are numbered without gaps.
 *
 * @param list its id, which its cursors name
 * @param count how many items it has
 * @param read gives the items `from` (inclusive) to `to` (exclusive)
 * @throws Refusal `CURSOR_MALFORMED`
 */
export async function numberedPage<Item>(
  { list, count, page }: { readonly list: string; readonly count: number; readonly page: PageRequest },
  read: (from: number, to: number) => Promise<readonly Item[]>,
): Promise<Page<Item>> {
  const start = page.after === undefined ? 0 : numberOf(page.after, list, count) + 1
  const end = page.before === undefined ? count : numberOf(page.before, list, count)
  const from = page.direction === 'forward' ? start : Math.max(start, end - page.size)
  const to = page.direction === 'forward' ? Math.min(end, start + page.size) : end
  const items = from < to ? await read(from, to) : []
  return {
    items: items.map((item, offset) => ({ cursor: cursorOf(from + offset, list), item })),
    hasNextPage: to < count,
    hasPreviousPage: from > 0,
  }
}

/** The cursor of an item of a numbered list. */
export function cursorOf(number: number, list: string): string {
  return encodeCursor({ key: String(number), id: list })
}

/** Which item a cursor is of, in a list of so many. @throws Refusal `CURSOR_MALFORMED` */
export function numberOf(cursor: string, list: string, count: number): number {
  const { key, id } = decodeCursor(cursor)
  if (id !== list || !/^\d{1,15}$/.test(key) || Number(key) >= count) throw foreignCursor()
  return Number(key)
}

/** The error of a cursor that this list never gave. */
export function foreignCursor(): Refusal {
  return new Refusal('CURSOR_MALFORMED', 'The cursor belongs to another list. Start from the first page.')
}
