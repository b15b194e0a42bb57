import type { RequestDetails } from '../documents/request-fields.ts'
import { readableSize } from './quantities.ts'
import { type Cell, type Marker, table } from './table.ts'

/** What is said and known of a request's origin, as fields. */
export function originFields({
  build,
  demandedOrigin,
  origin,
}: Pick<RequestDetails, 'build' | 'demandedOrigin' | 'origin'>): (readonly [string, Cell | null])[] {
  const named = [['build named', build && namedBuild(build)]] as const
  if (demandedOrigin === null) return [...named]
  const { verified, kind, proof } = origin ?? { verified: null, kind: null, proof: null }
  const { repositoryUrl, allowedBranches, sourceSummary } = demandedOrigin
  const summary = sourceSummary === null ? '' : `, source level ${sourceSummary.level}`
  const allowed = `${repositoryUrl}, branch ${allowedBranches.join(' or ')}${summary}`
  const outcome =
    origin === null ? 'not verified yet' : verified === null ? 'rejected' : `verified by ${kind}, ${proof}`
  return [
    ...named,
    ['origin', outcome],
    ['demanded', allowed],
    ['repository', verified?.repositoryUrl ?? null],
    [verified?.refKind ?? 'branch', verified?.refName ?? null],
    ['commit', verified?.commitId ?? null],
    ['build', verified && (verified.build.url ?? verified.build.buildId)],
    ['built by', verified && (verified.actors.map(actorText).join(', ') || null)],
    ...(origin?.evidence ?? []).map(
      ({ name, sha256, size }) => ['evidence', `${name}, ${readableSize(size)}, SHA-256 ${sha256}`] as const,
    ),
  ]
}

/** A request's checks of its origin; nothing where none was made. */
export function originTable({ origin }: Pick<RequestDetails, 'origin'>, marker: Marker): string {
  if (origin === null || origin.checks.length === 0) return ''
  const rows = origin.checks.map(({ name, outcome, code, message }) => [name, outcome, code ?? '', message ?? ''])
  return `\n${table(['check', 'outcome', 'code', 'what would be right'], rows, marker)}`
}

function namedBuild({ fields, secretNames }: NonNullable<RequestDetails['build']>): string {
  const said = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`)
  return [...said, ...secretNames.map((name) => `with ${name}`)].join(', ')
}

/** By both of what links with users name. */
function actorText({
  role,
  system,
  name,
  actorId,
}: {
  readonly role: string
  readonly system: string
  readonly name: string | null
  readonly actorId: string
}): string {
  return `${name === null ? '' : `${name}, `}${actorId} of ${system} (${role})`
}
