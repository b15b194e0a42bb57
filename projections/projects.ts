import type { Project, ProjectState } from '../domain/index.ts'
import type { EntityProjection } from './entity.ts'
import { projectDecider } from './folds.ts'
import type { ProjectView } from './views.ts'

/** `project-<id>` → `projects`. */
export const projects: EntityProjection<ProjectState, object, ProjectView> = {
  kind: 'project',
  table: 'projects',
  decider: projectDecider,
  exists: ({ status }) => status !== 'none',
  noFacts: {},
  observe: (facts) => facts,
  columns: (state) => ({ slug: (state as Project).slug }),
  view: ({ state }, recorded) => ({ ...(state as Project), ...recorded }),
}
