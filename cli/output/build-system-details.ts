import type { BuildSystemWithProjects } from '../find-build-system.ts'
import { readableTime } from './quantities.ts'
import { type Cell, fieldList, type Marker, statusCell, table } from './table.ts'

/** Everything about a trusted build system. */
export function buildSystemText(system: BuildSystemWithProjects, marker: Marker): string {
  const fields: (readonly [string, Cell | null])[] = [
    ['build system', system.slug],
    ['id', system.trustedBuildSystemId],
    ['name', system.name],
    ['kind', system.kind],
    ['status', statusCell(system.status, 'enabled')],
    ['description', system.description],
    ['created', readableTime(system.createdAt)],
    ['projects', system.projects.map(({ slug }) => slug).join(', ') || null],
    ['revision', String(system.revision)],
  ]
  const rows = system.tokens.map(({ tokenId, prefix, status, issuedAt, validUntil }) => [
    tokenId,
    `${prefix}…`,
    statusCell(status, 'current'),
    readableTime(issuedAt),
    validUntil === null ? '–' : readableTime(validUntil),
  ])
  return `${fieldList(fields, marker)}\n${table(['token', 'begins with', 'status', 'issued', 'works until'], rows, marker)}`
}
