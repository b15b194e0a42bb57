import { Refusal } from '../domain/index.ts'

/** The most items that a page may have. */
export const maximumPageSize = 100

/** How many items a page has when nobody says. */
export const defaultPageSize = 25

/** One end-open piece of an ordered list, as Relay's cursor connections ask for it. */
export type PageRequest = {
  readonly direction: 'forward' | 'backward'
  /** 0 to {@link maximumPageSize}. */
  readonly size: number
  readonly after?: string
  readonly before?: string
}

/** A page in list order (never reversed, also when it was read backwards). */
export type Page<Item> = {
  readonly items: readonly { readonly cursor: string; readonly item: Item }[]
  readonly hasNextPage: boolean
  readonly hasPreviousPage: boolean
}

/** Arguments of a Relay connection field. */
export type ConnectionArguments = {
  readonly first?: number | null | undefined
  readonly after?: string | null | undefined
  readonly last?: number | null | undefined
  readonly before?: string | null | undefined
}

/**
 * Reads the arguments of a connection (Relay cursor connections specification).
 *
 * @throws Refusal `PAGE_MALFORMED` for a negative size or `first` together with `last`, `PAGE_TOO_LARGE` above
 *   {@link maximumPageSize}
 */
export function parsePageRequest({ first, after, last, before }: ConnectionArguments): PageRequest {
  if (typeof first === 'number' && typeof last === 'number')
    throw new Refusal('PAGE_MALFORMED', 'Give first (to page forwards) or last (to page backwards), not both.')
  const size = first ?? last ?? defaultPageSize
  if (size < 0) throw new Refusal('PAGE_MALFORMED', 'A page cannot have a negative size.', { size })
  if (size > maximumPageSize)
    throw new Refusal('PAGE_TOO_LARGE', `A page has at most ${maximumPageSize} items; got ${size}. Use cursors.`, {
      limit: maximumPageSize,
      actual: size,
    })
  return {
    direction: typeof last === 'number' ? 'backward' : 'forward',
    size,
    ...(after == null ? {} : { after }),
    ...(before == null ? {} : { before }),
  }
}

/** Where an item stands in a list: the value that the list is ordered by, and the id that decides between equals. */
export type Cursor = { readonly key: string; readonly id: string }

/** A cursor as opaque text. */
export function encodeCursor({ key, id }: Cursor): string {
  return Buffer.from(JSON.stringify([key, id])).toString('base64url')
}

/**
 * Reads a cursor that a page gave out.
 *
 * @throws Refusal `CURSOR_MALFORMED`
 */
export function decodeCursor(text: string): Cursor {
  const parts = parsedJson(Buffer.from(text, 'base64url').toString())
  if (Array.isArray(parts) && parts.length === 2) {
    const [key, id] = parts
    if (isKey(key) && isKey(id) && encodeCursor({ key, id }) === text) return { key, id }
  }
  throw new Refusal('CURSOR_MALFORMED', 'The cursor is not one that this list gave out. Start from the first page.')
}

// PostgreSQL knows no text with U+0000, so no cursor has it.
function isKey(part: unknown): part is string {
  return typeof part === 'string' && !part.includes('\0')
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
