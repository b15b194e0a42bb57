import type {
  ConfigurationDetails,
  ConfigurationFindings,
  ConfigurationVersion,
} from '../documents/artifact-configurations.ts'
import { readableSize, readableTime } from './quantities.ts'
import { type Cell, fieldList, type Marker, statusCell, table } from './table.ts'

/** Everything about an artifact configuration but its text. */
export function configurationText(configuration: ConfigurationDetails, marker: Marker): string {
  const { project, current, versions } = configuration
  const fields: (readonly [string, Cell | null])[] = [
    ['artifact configuration', `${project?.slug ?? '?'}/${configuration.slug}`],
    ['id', configuration.artifactConfigurationId],
    ['name', configuration.name],
    ['description', configuration.description],
    ['status', statusCell(configuration.status)],
    ['default', configuration.isDefault ? 'yes' : 'no'],
    ['version', String(current.version)],
    ['document', current.documentDigest],
    ['revision', String(configuration.revision)],
  ]
  return `${fieldList(fields, marker)}\n${versionsText(versions, marker)}`
}

/** The versions of an artifact configuration, a line for each. */
export function versionsText(versions: readonly ConfigurationVersion[], marker: Marker): string {
  const rows = versions.map(({ version, madeAt, madeBy, size, documentDigest, reason }) => [
    String(version),
    readableTime(madeAt),
    madeBy.user?.name ?? madeBy.component ?? madeBy.kind,
    readableSize(size),
    documentDigest,
    reason ?? '',
  ])
  return table(['version', 'made', 'by', 'size', 'document', 'why'], rows, marker)
}

/** What was found in a file, a line for each, as compilers write it. */
export function findingsText(file: string, { errors, warnings }: Omit<ConfigurationFindings, 'isValid'>): string {
  const line = (kind: string) => (finding: ConfigurationFindings['errors'][number]) =>
    `${file}:${finding.line}:${finding.column}: ${kind}: ${finding.message} (${finding.code})\n`
  return [...errors.map(line('error')), ...warnings.map(line('warning'))].join('')
}
