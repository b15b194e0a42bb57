import type { Page } from '../projections/index.ts'

/** A page in the shape of a Relay connection. */
export type Connection<Node> = {
  readonly edges: { cursor: string; node: Node }[]
  readonly pageInfo: {
    hasNextPage: boolean
    hasPreviousPage: boolean
    startCursor: string | null
    endCursor: string | null
  }
}

/** A page as a Relay connection. */
export function asConnection<Node>({ items, hasNextPage, hasPreviousPage }: Page<Node>): Connection<Node> {
  return {
    edges: items.map(({ cursor, item }) => ({ cursor, node: item })),
    pageInfo: {
      hasNextPage,
      hasPreviousPage,
      startCursor: items.at(0)?.cursor ?? null,
      endCursor: items.at(-1)?.cursor ?? null,
    },
  }
}
