import type { Decider } from '../decider.ts'
import { Refusal } from '../refusal.ts'
import { parseSlug } from '../slug.ts'
import { isPlainLine, parseName, parseText, withoutEmoji } from '../text.ts'
import type { ProjectEvent, ProjectFacts } from './events.ts'

/** A project that exists. */
export type Project = ProjectFacts & { readonly status: 'valid' | 'inactive' }

/** Before and after the project was created. */
export type ProjectState = { readonly status: 'none' } | Project

/** What can be asked of a project. */
export type ProjectCommand =
  | ({ readonly type: 'CreateProject' } & ProjectFacts)
  | { readonly type: 'DeactivateProject'; readonly reason: string | null }
  | { readonly type: 'ReactivateProject' }

/**
 * Project: what belongs together and is signed under common policies.
 *
 * Refuses with `PROJECT_EXISTS`, `PROJECT_NOT_FOUND`, `PROJECT_INACTIVE`, `PROJECT_ACTIVE`, `REPOSITORY_URL_MALFORMED`,
 * `SLUG_MALFORMED`, `NAME_MALFORMED`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`.
 */
export const projectDecider: Decider<ProjectState, ProjectCommand, ProjectEvent> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: ['ProjectCreated', 'ProjectDeactivated', 'ProjectReactivated'],

  decide(command, state) {
    if (command.type === 'CreateProject') {
      if (state.status !== 'none') throw new Refusal('PROJECT_EXISTS', 'A project with this id exists already.')
      const { projectId, organizationId } = command
      const slug = parseSlug(command.slug, "The project's slug")
      const name = parseProgramName(command.name)
      const description = parseText(command.description, "The project's description")
      const repositoryUrl = command.repositoryUrl === null ? null : parseRepositoryUrl(command.repositoryUrl)
      return [
        {
          type: 'ProjectCreated',
          data: { schemaVersion: 1, projectId, organizationId, slug, name, description, repositoryUrl },
        },
      ]
    }
    const project = existingProject(state)
    switch (command.type) {
      case 'DeactivateProject':
        activeProject(project)
        return [
          { type: 'ProjectDeactivated', data: { schemaVersion: 1, reason: parseText(command.reason, 'The reason') } },
        ]
      case 'ReactivateProject':
        if (project.status === 'valid') throw new Refusal('PROJECT_ACTIVE', `${project.name} is active already.`)
        return [{ type: 'ProjectReactivated', data: { schemaVersion: 1 } }]
    }
  },

  evolve(state, event) {
    if (event.type === 'ProjectCreated') {
      const { schemaVersion: _, ...facts } = event.data
      return { ...facts, status: 'valid' }
    }
    if (state.status === 'none') return state
    switch (event.type) {
      case 'ProjectDeactivated':
        return { ...state, status: 'inactive' }
      case 'ProjectReactivated':
        return { ...state, status: 'valid' }
    }
  },
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

/** The longest address that a signature carries, in characters. */
const longestUrl = 2000
/** What an address may consist of (RFC 3986 §2); anything else stands in it percent-encoded. */
const urlCharacters = /^[!#$%&'()*+,\-./0-9:;=?@A-Z[\]_a-z~]*$/

/**
 * The URL stands in signatures, which carry ASCII only, and in events: it holds no credentials. An address with other
 * characters is kept in the form that goes into the signature, so that approvers see what is signed: the host by IDNA
 * (UTS #46), the rest percent-encoded as UTF-8 (RFC 3987 §3.1).
 */
function parseRepositoryUrl(text: string): string {
  const wellFormed =
    text.length <= longestUrl &&
    isPlainLine(withoutEmoji(text)) &&
    /^https?:\/\/[^\s\\]+$/.test(text) &&
    URL.canParse(text)
  if (!wellFormed)
    throw new Refusal(
      'REPOSITORY_URL_MALFORMED',
      `The project's repository URL must be an address that begins with https:// or http://, of no more than ${longestUrl} characters.`,
    )
  const { username, password, hostname, href } = new URL(text)
  if (username !== '' || password !== '')
    throw new Refusal('REPOSITORY_URL_MALFORMED', "The project's repository URL must hold no user name or password.")
  // IDNA leaves out invisible characters, so that a label of nothing else is empty.
  if (/^\.|\.\./.test(hostname))
    throw new Refusal(
      'REPOSITORY_URL_MALFORMED',
      `The project's repository URL names the host "${hostname}", which is none.`,
    )
  const encoded = urlCharacters.test(text) ? text : href.replaceAll(/["<>^`{|}]/g, encodeURIComponent)
  if (encoded.length > longestUrl)
    throw new Refusal(
      'REPOSITORY_URL_MALFORMED',
      `The project's repository URL has ${encoded.length} characters in the form that a signature carries ` +
        `(percent-encoded); no more than ${longestUrl} are possible.`,
    )
  return encoded
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
