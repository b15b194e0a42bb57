/** One line of the table. */
export type Row = {
  readonly work: string
  /** What we reach, with its unit. */
  readonly ours: string
  /** What it is held against, with its unit. */
  readonly against: string
  /** What must hold: the figure, how it must compare, and the bound. */
  readonly figure: number
  readonly must: '≥' | '≤'
  readonly bound: number
}

/**
 * Parts of the bench by their names: each measures, and gives its rows. One that takes long hands over each row as soon as it is
 * measured, so that none is lost when a later one cannot be.
 */
export type Parts = Readonly<Record<string, (give: (row: Row) => void) => Promise<readonly Row[]>>>

/** Whether a row reaches what it must. */
export function holds({ figure, must, bound }: Row): boolean {
  return must === '≥' ? figure >= bound : figure <= bound
}
