/** What an answer as of a moment costs in the place of one: streams are read and folded for it. */
const foldCost = 20

/** What a field costs, with or without a moment. */
export function foldingCost({ asOf }: { readonly asOf?: string | null | undefined }) {
  return { field: asOf == null ? 1 : foldCost, multiplier: 1 }
}

/** What a list of at most so many items costs, with or without a moment. */
export function foldingListCost({ asOf }: { readonly asOf?: string | null | undefined }, pageSize: number) {
  return { field: asOf == null ? 1 : foldCost * pageSize, multiplier: pageSize }
}
