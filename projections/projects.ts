import type { Project, ProjectSettings, ProjectState } from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { projectDecider } from './folds.ts'
import type { ProjectVersionMade, ProjectView } from './views.ts'

/** Every version of the settings, from the first. */
type ProjectFacts = { readonly versions: readonly ProjectVersionMade[] }

/** What makes a version of the settings. */
const settingEvents: ReadonlySet<string> = new Set(['ProjectCreated', 'ProjectChanged', 'ProjectRepositoryChanged'])

/** `project-<id>` → `projects`. */
export const projects: EntityProjection<ProjectState, ProjectFacts, ProjectView> = {
  kind: 'project',
  table: 'projects',
  decider: projectDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: { versions: [] },
  observe: ({ versions }, { type, metadata: { occurredAt, actor } }, state) => {
    if (!settingEvents.has(type)) return { versions }
    return { versions: [...versions, { at: occurredAt, by: actor, settings: settingsOf(state as Project) }] }
  },
  columns: (state) => ({ slug: (state as Project).slug }),
  view: ({ state, facts }, recorded) => {
    const versions = facts.versions.map((made, index) => ({ ...made, version: index + 1 }))
    return { ...(state as Project), versions, ...recorded }
  },
}

function settingsOf({ name, description, repositoryUrl, readers, configurators }: Project): ProjectSettings {
  return { name, description, repositoryUrl, readers, configurators }
}
