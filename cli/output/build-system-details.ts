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
  const links = system.links
    .filter(({ settings, secrets }) => Object.keys(settings).length > 0 || secrets.length > 0)
    .map((link) => `\n${linkText(link, marker)}`)
  const tokens = table(['token', 'begins with', 'status', 'issued', 'works until'], rows, marker)
  return `${fieldList(fields, marker)}\n${tokens}${proxyKeyTable(system, marker)}${links.join('')}`
}

/** What a link to a project says: each setting on a line, and when each secret was set. */
function linkText({ project, settings, secrets }: BuildSystemWithProjects['links'][number], marker: Marker): string {
  const valueText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))
  return fieldList(
    [
      ['link to', project?.slug ?? '?'],
      ...Object.entries(settings).map(([name, value]) => [name, valueText(value)] as const),
      ...secrets.map(({ name, setAt }) => [name, `secret, set ${readableTime(setAt)}`] as const),
    ],
    marker,
  )
}

function proxyKeyTable({ proxyKeys }: BuildSystemWithProjects, marker: Marker): string {
  if (proxyKeys.length === 0) return ''
  const rows = proxyKeys.map(({ keyId, status, registeredAt }) => [
    keyId,
    statusCell(status, 'registered'),
    readableTime(registeredAt),
  ])
  return `\n${table(['key of a proxy', 'status', 'registered'], rows, marker)}`
}
