import type { Page } from '../projections/index.ts'

/** A page in the shape of a Relay connection. */
export type Connection<Node> = {
  readonly edges: { readonly cursor: string; readonly node: Node }[]
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
    edges: items.map((item) => new Edge(item)),
    pageInfo: {
      hasNextPage,
      hasPreviousPage,
      startCursor: items.at(0)?.cursor ?? null,
      endCursor: items.at(-1)?.cursor ?? null,
    },
  }
}

/** Asks for the item's cursor only when the operation does. */
class Edge<Node> {
  readonly #item: Page<Node>['items'][number]
  readonly node: Node

  constructor(item: Page<Node>['items'][number]) {
    this.#item = item
    this.node = item.item
  }

  get cursor(): string {
    return this.#item.cursor
  }
}
