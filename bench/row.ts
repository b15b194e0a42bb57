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

/** Parts of the bench by their names: each measures, and gives its rows. */
export type Parts = Readonly<Record<string, () => Promise<readonly Row[]>>>

/** Whether a row reaches what it must. */
export function holds({ figure, must, bound }: Row): boolean {
  return must === '≥' ? figure >= bound : figure <= bound
}
