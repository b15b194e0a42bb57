import type { UnusualActivity, UnusualSubject } from '../documents/audit.ts'
import { count, readableTime } from './quantities.ts'
import { type Marker, table } from './table.ts'

/** So many of those whom findings are about are named in a line. */
const mostNamed = 5

/** A table of findings, a line each, and how many there are. */
export function unusualActivityText(activities: readonly UnusualActivity[], marker: Marker): string {
  if (activities.length === 0) return 'No unusual activity.\n'
  const rows = activities.map(({ lastAt, rule, count: times, subjects, unnamed, remoteAddress, description }) => [
    readableTime(lastAt),
    rule,
    String(times),
    subjectsText(subjects, unnamed),
    remoteAddress ?? '',
    description,
  ])
  const total = activities.reduce((sum, { count: each }) => sum + each, 0)
  const summary = `${count(total, 'finding')} in ${count(activities.length, 'record')}.\n`
  return `${table(['when', 'rule', 'times', 'about', 'from', 'what'], rows, marker)}${summary}`
}

function subjectsText(subjects: readonly UnusualSubject[], unnamed: number): string {
  const named = [...new Set(subjects.map(subjectText))]
  const others = Math.max(0, named.length - mostNamed) + unnamed
  return [...named.slice(0, mostNamed), ...(others > 0 ? [`${others} more`] : [])].join(', ')
}

function subjectText({ about, user, userId, signingPolicy, signingPolicyId }: UnusualSubject): string {
  const who = user?.name ?? `user ${userId ?? ''}`
  const where = signingPolicy?.slug ?? signingPolicyId
  if (about === 'signingPolicy') return `policy ${where ?? ''} (${who})`
  return where === null ? who : `${who} (policy ${where})`
}
