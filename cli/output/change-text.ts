import type { ChangeDetails, ChangeStatus, ChangeSummary, FieldDifference } from '../documents/changes.ts'
import { count, readableTime } from './quantities.ts'
import { safeText } from './safe-text.ts'
import type { Mark } from './style.ts'
import { type Cell, fieldList, type Marker, table } from './table.ts'

/** The status of a proposed change, marked. */
export function changeStatusCell(status: ChangeStatus): Cell {
  const marks: Readonly<Record<ChangeStatus, Mark>> = {
    proposed: 'waiting',
    approved: 'waiting',
    applied: 'good',
    rejected: 'bad',
    lapsed: 'bad',
  }
  return { text: status, mark: marks[status] }
}

/** What a change changes, for a line of text. */
export function targetText({ target, targetStreamId, proposedEvents }: ChangeSummary): string {
  const kind = targetStreamId.slice(0, targetStreamId.indexOf('-'))
  const created = proposedEvents[0]?.data
  const name = target?.name ?? created?.name ?? created?.slug
  return `${kind} ${typeof name === 'string' ? name : targetStreamId.slice(kind.length + 1)}`
}

/** What a change is, in the names of its events. */
export function changeText({ proposedEvents }: ChangeSummary): string {
  return proposedEvents.map(({ type }) => type).join(', ')
}

/** Why a change lapsed, for people. */
const lapses: Readonly<Record<string, string>> = {
  expired: 'its time is over',
  baseMoved: 'its target was changed since',
  lastAdministrator: 'it would have taken the last Global Administrator',
  tooFewApprovals: 'more approvals were needed by then',
}

/** Everything about a proposed change but its history. */
export function changeDetailsText(change: ChangeDetails, marker: Marker): string {
  const { rejection, missingApprovals, requiredApprovals } = change
  const fields: (readonly [string, Cell | null])[] = [
    ['change', change.changeProposalId],
    ['status', changeStatusCell(change.status)],
    ['of', `${targetText(change)} (${change.targetStreamId})`],
    ['what', changeText(change)],
    ['proposed', `${readableTime(change.createdAt)} by ${change.author?.name ?? 'the operator'}`],
    ['why', change.reason],
    ['approve by', readableTime(change.expiresAt)],
    ['approvals', `${requiredApprovals - missingApprovals} of ${requiredApprovals}`],
    ['may approve', `who has the permission ${change.permission}, except the author`],
    ['rejected', rejection && `by ${rejection.rejectedBy?.name ?? 'unknown'}${quoted(rejection.comment)}`],
    ['lapsed', change.lapsed && (lapses[change.lapsed] ?? change.lapsed)],
  ]
  const approvals = change.approvals.map(({ approver, approvedAt, comment }) => [
    readableTime(approvedAt),
    approver?.name ?? 'unknown',
    comment ?? '',
  ])
  const approved = approvals.length === 0 ? '' : `\n${table(['approved', 'by', 'comment'], approvals, marker)}`
  return `${fieldList(fields, marker)}${approved}\n${differenceText(change, marker)}${pastText(change, marker)}`
}

/** What a change does, field by field: of a list, who is added and who is removed. */
export function differenceText({ difference, mentioned }: ChangeDetails, marker: Marker): string {
  if (difference.length === 0) return 'It changes nothing that you may see.\n'
  const nameOf = new Map(mentioned.map(({ entityId, kind, name }) => [entityId, `${kind} ${name} (${entityId})`]))
  const shown = (value: unknown) =>
    (typeof value === 'string' ? value : JSON.stringify(value)).replace(
      /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g,
      (id) => nameOf.get(id) ?? id,
    )
  return difference.map((field) => fieldText(field, shown, marker)).join('')
}

function fieldText({ path, before, after }: FieldDifference, shown: (value: unknown) => string, marker: Marker) {
  const line = (mark: Mark, sign: string, value: unknown) => `  ${marker(mark, `${sign} ${safeText(shown(value))}`)}\n`
  const removed = without(before, after)
  const added = without(after, before)
  const lines = [...removed.map((value) => line('bad', '-', value)), ...added.map((value) => line('good', '+', value))]
  const reordered = lines.length === 0 ? `  ${count(listOf(after).length, 'item')} in another order\n` : ''
  return `${safeText(path)}\n${lines.join('')}${reordered}`
}

function without(value: unknown, other: unknown): readonly unknown[] {
  const others = new Set(listOf(other).map((item) => JSON.stringify(item)))
  return listOf(value).filter((item) => !others.has(JSON.stringify(item)))
}

function listOf(value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

/** What a new version of a policy would have changed of the last requests. */
function pastText({ pastSimulation }: ChangeDetails, marker: Marker): string {
  if (pastSimulation === null) return ''
  const { examined, treatedOtherwise } = pastSimulation
  const heading = `\nOf the last ${count(examined, 'request')}, ${treatedOtherwise.length} would have been treated otherwise.\n`
  const rows = treatedOtherwise.flatMap(({ signingRequest, differences }) =>
    differences.map(({ rule, before, after }) => [signingRequest?.signingRequestId ?? 'unknown', rule, before, after]),
  )
  return rows.length === 0 ? heading : `${heading}${table(['request', 'rule', 'was', 'would be'], rows, marker)}`
}

function quoted(comment: string | null): string {
  return comment === null || comment === '' ? '' : `: ${comment}`
}
