import type { ProjectDetails } from '../documents/projects.ts'
import { readableTime } from './quantities.ts'
import { principalNames } from './request-details.ts'
import { type Cell, fieldList, type Marker, statusCell, table } from './table.ts'

/** Everything about a project, with what each version of it was. */
export function projectText(project: ProjectDetails, marker: Marker): string {
  const { slug, name, status, description, repositoryUrl, readers, configurators, signingPolicies } = project
  const fields: (readonly [string, Cell | null])[] = [
    ['project', slug],
    ['id', project.projectId],
    ['name', name],
    ['status', statusCell(status, 'valid')],
    ['description', description],
    ['repository', repositoryUrl],
    ['readers', principalNames(readers)],
    ['configurators', principalNames(configurators)],
    ['policies', signingPolicies.map((policy) => policy.slug).join(', ') || null],
    ['build systems', project.trustedBuildSystems.map((system) => system.slug).join(', ') || null],
    ['revision', String(project.revision)],
  ]
  const rows = project.versions.map(({ version, madeAt, madeBy, ...settings }) => [
    String(version),
    readableTime(madeAt),
    madeBy.user?.name ?? madeBy.component ?? madeBy.kind,
    settings.name,
    settings.repositoryUrl ?? '–',
  ])
  return `${fieldList(fields, marker)}\n${table(['version', 'made', 'by', 'name', 'repository'], rows, marker)}`
}
