import { count } from './quantities.ts'
import { type Cell, type Marker, table } from './table.ts'

/** Who tried what was refused, as the log or the service says it. */
type RefusedActor = {
  readonly kind: string
  readonly userId?: string | null
  readonly component?: string | null
  readonly user?: { readonly name: string } | null
}

/** A token that was presented and does not work, as the log or the service says it. */
type PresentedToken = { readonly userId: string; readonly user?: { readonly name: string } | null }

type Refused = {
  readonly actor: RefusedActor
  readonly remoteAddress: string | null
  readonly commands: readonly string[]
  readonly count: number
  readonly presented?: PresentedToken | null
}

/** Refusals that were recorded together. */
export type Refusals = Refused & {
  /** `null` where the record is about several kinds, which `kinds` has. */
  readonly code: string | null
  readonly subject: string | null
  readonly firstAt: string
  readonly lastAt: string
  readonly kinds: readonly (Refused & { readonly code: string })[]
  /** How many of `count` are of none of these kinds. */
  readonly unnamed: number
}

/** A table of refusals, a line each, and how many there are. */
export function refusalsText(refusals: readonly Refusals[], marker: Marker): string {
  const total = refusals.reduce((sum, { count: each }) => sum + each, 0)
  const summary = `${count(total, 'refusal')} in ${count(refusals.length, 'record')}.\n`
  if (refusals.length === 0) return summary
  const headings = ['first', 'last', 'times', 'who', 'from', 'what', 'code', 'about']
  return `${table(headings, refusals.flatMap(rowsOf), marker)}${summary}`
}

function rowsOf(refusals: Refusals): readonly (readonly Cell[])[] {
  const { firstAt, lastAt, code, subject, kinds, unnamed } = refusals
  if (code !== null) return [rowOf(refusals, { ...refusals, code }, subject ?? '')]
  const rows = kinds.map((kind) => rowOf(refusals, kind, ''))
  return unnamed > 0 ? [...rows, [firstAt, lastAt, String(unnamed), 'others', '', '', '', '']] : rows
}

function rowOf(
  { firstAt, lastAt }: Refusals,
  { actor, remoteAddress, commands, code, count: times, presented }: Refused & { readonly code: string },
  subject: string,
): readonly Cell[] {
  return [
    firstAt,
    lastAt,
    String(times),
    whoOf(actor, presented),
    remoteAddress ?? '',
    commands.join(', '),
    code,
    subject,
  ]
}

function whoOf({ kind, user, userId, component }: RefusedActor, presented: PresentedToken | null | undefined): string {
  if (presented != null) return `token of ${presented.user?.name ?? `user ${presented.userId}`}`
  if (kind === 'user') return user?.name ?? `user ${userId ?? ''}`
  return kind === 'system' ? (component ?? kind) : kind
}
