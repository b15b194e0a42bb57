import { canonicalJson } from '../canonical-json.ts'
import type { Decider } from '../decider.ts'
import type { ArtifactConfigurationId } from '../ids.ts'
import { checkReferences } from '../reference-list.ts'
import { Refusal } from '../refusal.ts'
import { parseSlug } from '../slug.ts'
import { parseName, parseText } from '../text.ts'
import type { ProjectEvent, ProjectFacts, ProjectSettings } from './events.ts'
import { parseRepositoryUrl } from './repository-url.ts'

/** A project that exists. */
export type Project = ProjectFacts & {
  readonly status: 'valid' | 'inactive'
  /** What submissions are planned by that name no artifact configuration; left out where the project has no default. */
  readonly defaultArtifactConfigurationId?: ArtifactConfigurationId
}

/** Before and after the project was created. */
export type ProjectState = { readonly status: 'none' } | Project

/** What can be asked of a project. That the organization has whom it names is for the caller to see to. */
export type ProjectCommand =
  | ({ readonly type: 'CreateProject' } & ProjectFacts)
  | ({ readonly type: 'ChangeProject' } & ProjectSettings)
  | {
      readonly type: 'ChangeDefaultArtifactConfiguration'
      /** One of the project, which is active; `null` for none. */
      readonly artifactConfigurationId: ArtifactConfigurationId | null
    }
  | { readonly type: 'DeactivateProject'; readonly reason: string | null }
  | { readonly type: 'ReactivateProject' }

/**
 * Project: what belongs together and is signed under common policies.
 *
 * Refuses with `PROJECT_EXISTS`, `PROJECT_NOT_FOUND`, `PROJECT_INACTIVE`, `PROJECT_ACTIVE`, `PROJECT_UNCHANGED`,
 * `PROJECT_TOO_LARGE`, `MEMBERS_REPEATED`, `REPOSITORY_URL_MALFORMED`, `SLUG_MALFORMED`, `NAME_MALFORMED`, `TEXT_TOO_LONG`,
 * `TEXT_MALFORMED`.
 */
export const projectDecider: Decider<ProjectState, ProjectCommand, ProjectEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: [
    'ProjectCreated',
    'ProjectChanged',
    'ProjectRepositoryChanged',
    'DefaultArtifactConfigurationChanged',
    'ProjectDeactivated',
    'ProjectReactivated',
  ],

  decide(command, state) {
    if (command.type === 'CreateProject') {
      if (state.status !== 'none') throw new Refusal('PROJECT_EXISTS', 'A project with this id exists already.')
      const { projectId, organizationId } = command
      const slug = parseSlug(command.slug, "The project's slug")
      const { readers, configurators, ...described } = checkedSettings(command)
      return [
        {
          type: 'ProjectCreated',
          data: {
            schemaVersion: 1,
            projectId,
            organizationId,
            slug,
            ...described,
            ...(readers.length === 0 ? {} : { readers }),
            ...(configurators.length === 0 ? {} : { configurators }),
          },
        },
      ]
    }
    const project = existingProject(state)
    switch (command.type) {
      case 'ChangeProject':
        return change(checkedSettings(command), project)
      case 'ChangeDefaultArtifactConfiguration': {
        const { artifactConfigurationId } = command
        if (artifactConfigurationId === (project.defaultArtifactConfigurationId ?? null))
          throw new Refusal(
            'PROJECT_UNCHANGED',
            `The project ${project.slug} has ${artifactConfigurationId === null ? 'no default artifact configuration' : 'this default artifact configuration already'}.`,
          )
        return [{ type: 'DefaultArtifactConfigurationChanged', data: { schemaVersion: 1, artifactConfigurationId } }]
      }
      case 'DeactivateProject':
        activeProject(project)
        return [
          { type: 'ProjectDeactivated', data: { schemaVersion: 1, reason: parseText(command.reason, 'The reason') } },
        ]
      case 'ReactivateProject':
        if (project.status === 'valid')
          throw new Refusal('PROJECT_ACTIVE', `The project ${project.slug} is active already.`)
        return [{ type: 'ProjectReactivated', data: { schemaVersion: 1 } }]
    }
  },

  evolve(state, event) {
    if (event.type === 'ProjectCreated') {
      if (state.status !== 'none') return state
      const { schemaVersion: _, ...facts } = event.data
      return { readers: [], configurators: [], ...facts, status: 'valid' }
    }
    if (state.status === 'none') return state
    switch (event.type) {
      case 'ProjectChanged':
      case 'ProjectRepositoryChanged': {
        const { schemaVersion: _, ...settings } = event.data
        return { ...state, ...settings }
      }
      case 'DefaultArtifactConfigurationChanged': {
        const { defaultArtifactConfigurationId: _, ...project } = state
        const { artifactConfigurationId: chosen } = event.data
        return chosen === null ? project : { ...project, defaultArtifactConfigurationId: chosen }
      }
      case 'ProjectDeactivated':
        return { ...state, status: 'inactive' }
      case 'ProjectReactivated':
        return { ...state, status: 'valid' }
    }
  },
}

/** The project's settings, of which those that can be changed are kept. */
function settingsOf({ name, description, repositoryUrl, readers, configurators }: ProjectSettings): ProjectSettings {
  return { name, description, repositoryUrl, readers, configurators }
}

function checkedSettings(settings: ProjectSettings): ProjectSettings {
  const { description, repositoryUrl, readers, configurators } = settings
  checkReferences(readers, { name: 'readers', of: 'project', tooMany: 'PROJECT_TOO_LARGE' })
  checkReferences(configurators, { name: 'configurators', of: 'project', tooMany: 'PROJECT_TOO_LARGE' })
  return {
    name: parseProgramName(settings.name),
    description: parseText(description, "The project's description"),
    repositoryUrl: repositoryUrl === null ? null : parseRepositoryUrl(repositoryUrl),
    readers,
    configurators,
  }
}

function change(settings: ProjectSettings, project: Project): readonly ProjectEvent[] {
  if (canonicalJson(settings) === canonicalJson(settingsOf(project)))
    throw new Refusal('PROJECT_UNCHANGED', `The project ${project.slug} has just these settings already.`)
  const { repositoryUrl, ...rest } = settings
  return repositoryUrl === project.repositoryUrl
    ? [{ type: 'ProjectChanged', data: { schemaVersion: 1, ...rest } }]
    : [{ type: 'ProjectRepositoryChanged', data: { schemaVersion: 1, ...settings } }]
}

/**
 * The name stands in signatures, as a BMPString: nothing above U+FFFF has a form there (X.680 §41), and verifiers that go by
 * the standard show no name at all when they meet half characters.
 */
function parseProgramName(text: string): string {
  const name = parseName(text, "The project's name")
  const outside = /[\u{10000}-\u{10ffff}]|\p{Noncharacter_Code_Point}/u.exec(name)
  if (outside !== null)
    throw new Refusal(
      'NAME_MALFORMED',
      `The project's name holds U+${outside[0].codePointAt(0)?.toString(16).toUpperCase()}, which a signature cannot carry; ` +
        'characters up to U+FFFD are possible.',
    )
  return name
}

function existingProject(state: ProjectState): Project {
  if (state.status === 'none') throw new Refusal('PROJECT_NOT_FOUND', 'There is no such project.')
  return state
}

/**
 * The project, if things of it may be signed.
 *
 * @throws Refusal `PROJECT_NOT_FOUND` or `PROJECT_INACTIVE`
 */
export function activeProject(state: ProjectState): Project {
  const project = existingProject(state)
  if (project.status === 'inactive')
    throw new Refusal('PROJECT_INACTIVE', `The project ${project.slug} is inactive; nothing of it can be signed.`)
  return project
}
