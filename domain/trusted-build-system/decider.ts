import type { Decider } from '../decider.ts'
import type { Instant } from '../event.ts'
import type { ProjectId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import { parseSlug } from '../slug.ts'
import { parseName, parseText } from '../text.ts'
import {
  type TrustedBuildSystemEvent,
  type TrustedBuildSystemFacts,
  type TrustedBuildSystemKind,
  type TrustedBuildSystemSettings,
  type TrustedBuildSystemTokenFacts,
  trustedBuildSystemKinds,
} from './events.ts'

/** A token as the state knows it. */
export type TrustedBuildSystemToken = TrustedBuildSystemTokenFacts & {
  /** `current` the newest, `replaced` one that works until a moment at the most, `ended` one that does not work. */
  readonly status: 'current' | 'replaced' | 'ended'
  /** Until when it works; `null` unless it is `replaced`. */
  readonly validUntil: Instant | null
}

/** A trusted build system that exists. */
export type TrustedBuildSystem = TrustedBuildSystemFacts & {
  readonly status: 'enabled' | 'disabled'
  /** The oldest first. */
  readonly tokens: readonly TrustedBuildSystemToken[]
  /** Each once, those that were linked last at the end. */
  readonly projects: readonly ProjectId[]
}

/** Before and after it was created. */
export type TrustedBuildSystemState = { readonly status: 'none' } | TrustedBuildSystem

/** What can be asked of a trusted build system. That the organization has the project is for the caller to see to. */
export type TrustedBuildSystemCommand =
  | ({
      readonly type: 'CreateTrustedBuildSystem'
      readonly token: TrustedBuildSystemTokenFacts
    } & TrustedBuildSystemFacts)
  | ({ readonly type: 'ChangeTrustedBuildSystem' } & TrustedBuildSystemSettings)
  | {
      readonly type: 'RotateToken'
      readonly token: TrustedBuildSystemTokenFacts
      /** Until when the one before works beside it; `null`: not at all. */
      readonly previousTokenValidUntil: Instant | null
      readonly at: Instant
    }
  | { readonly type: 'DisableTrustedBuildSystem'; readonly reason: string | null }
  | { readonly type: 'EnableTrustedBuildSystem' }
  | { readonly type: 'LinkProject'; readonly projectId: ProjectId }
  | { readonly type: 'UnlinkProject'; readonly projectId: ProjectId }

/** So many projects one may be linked to: its stream is read with every call that it vouches for. */
const mostProjects = 1_000

/** For so long the token before may work beside a new one: 30 days, in milliseconds. */
const longestOverlap = 30 * 24 * 60 * 60 * 1000

/**
 * Trusted build system: vouches by its token that a call comes from it. What it vouches for counts where it is linked.
 *
 * Refuses with `TRUSTED_BUILD_SYSTEM_EXISTS`, `TRUSTED_BUILD_SYSTEM_NOT_FOUND`, `TRUSTED_BUILD_SYSTEM_UNCHANGED`,
 * `TRUSTED_BUILD_SYSTEM_DISABLED`, `TRUSTED_BUILD_SYSTEM_ENABLED`, `TRUSTED_BUILD_SYSTEM_LINKED`,
 * `TRUSTED_BUILD_SYSTEM_NOT_LINKED`, `TRUSTED_BUILD_SYSTEM_TOO_LARGE`, `TRUSTED_BUILD_SYSTEM_KIND_UNKNOWN`,
 * `TRUSTED_BUILD_SYSTEM_TOKEN_OVERLAP`, `SLUG_MALFORMED`, `NAME_MALFORMED`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`.
 */
export const trustedBuildSystemDecider: Decider<
  TrustedBuildSystemState,
  TrustedBuildSystemCommand,
  TrustedBuildSystemEvent
> = {
  initialState: () => ({ status: 'none' }),
  eventTypes: [
    'TrustedBuildSystemCreated',
    'TrustedBuildSystemChanged',
    'TrustedBuildSystemTokenIssued',
    'TrustedBuildSystemDisabled',
    'TrustedBuildSystemEnabled',
    'TrustedBuildSystemLinked',
    'TrustedBuildSystemUnlinked',
  ],

  decide(command, state) {
    if (command.type === 'CreateTrustedBuildSystem') {
      if (state.status !== 'none')
        throw new Refusal('TRUSTED_BUILD_SYSTEM_EXISTS', 'A trusted build system with this id exists already.')
      const { trustedBuildSystemId, organizationId, token } = command
      const slug = parseSlug(command.slug, "The trusted build system's slug")
      const facts = { trustedBuildSystemId, organizationId, slug, kind: checkedKind(command.kind) }
      return [
        { type: 'TrustedBuildSystemCreated', data: { schemaVersion: 1, ...facts, ...checkedSettings(command) } },
        {
          type: 'TrustedBuildSystemTokenIssued',
          data: { schemaVersion: 1, ...token, previousTokenValidUntil: null },
        },
      ]
    }
    const system = existingTrustedBuildSystem(state)
    switch (command.type) {
      case 'ChangeTrustedBuildSystem': {
        const settings = checkedSettings(command)
        if (settings.name === system.name && settings.description === system.description)
          throw new Refusal(
            'TRUSTED_BUILD_SYSTEM_UNCHANGED',
            `The trusted build system ${system.slug} has just this name and description already.`,
          )
        return [{ type: 'TrustedBuildSystemChanged', data: { schemaVersion: 1, ...settings } }]
      }
      case 'RotateToken': {
        const { token, previousTokenValidUntil, at } = command
        checkOverlap(previousTokenValidUntil, at)
        return [
          { type: 'TrustedBuildSystemTokenIssued', data: { schemaVersion: 1, ...token, previousTokenValidUntil } },
        ]
      }
      case 'DisableTrustedBuildSystem':
        refuseIfDisabled(system)
        return [
          {
            type: 'TrustedBuildSystemDisabled',
            data: { schemaVersion: 1, reason: parseText(command.reason, 'The reason') },
          },
        ]
      case 'EnableTrustedBuildSystem':
        if (system.status === 'enabled')
          throw new Refusal(
            'TRUSTED_BUILD_SYSTEM_ENABLED',
            `The trusted build system ${system.slug} is enabled already.`,
          )
        return [{ type: 'TrustedBuildSystemEnabled', data: { schemaVersion: 1 } }]
      case 'LinkProject': {
        const { projectId } = command
        if (system.projects.includes(projectId))
          throw new Refusal(
            'TRUSTED_BUILD_SYSTEM_LINKED',
            `The trusted build system ${system.slug} is linked to the project already.`,
          )
        if (system.projects.length >= mostProjects)
          throw new Refusal(
            'TRUSTED_BUILD_SYSTEM_TOO_LARGE',
            `A trusted build system is linked to ${mostProjects} projects at the most.`,
            { limit: mostProjects },
          )
        return [{ type: 'TrustedBuildSystemLinked', data: { schemaVersion: 1, projectId } }]
      }
      case 'UnlinkProject':
        requireLinked(system, command.projectId)
        return [{ type: 'TrustedBuildSystemUnlinked', data: { schemaVersion: 1, projectId: command.projectId } }]
    }
  },

  evolve(state, event) {
    if (event.type === 'TrustedBuildSystemCreated') {
      if (state.status !== 'none') return state
      const { schemaVersion: _, ...facts } = event.data
      return { ...facts, status: 'enabled', tokens: [], projects: [] }
    }
    if (state.status === 'none') return state
    switch (event.type) {
      case 'TrustedBuildSystemChanged': {
        const { schemaVersion: _, ...settings } = event.data
        return { ...state, ...settings }
      }
      case 'TrustedBuildSystemTokenIssued': {
        const { schemaVersion: _, previousTokenValidUntil: until, ...token } = event.data
        const before = state.tokens.map((each) => replaced(each, until))
        return { ...state, tokens: [...before, { ...token, status: 'current', validUntil: null }] }
      }
      case 'TrustedBuildSystemDisabled':
        return { ...state, status: 'disabled' }
      case 'TrustedBuildSystemEnabled':
        return { ...state, status: 'enabled' }
      case 'TrustedBuildSystemLinked':
        return { ...state, projects: [...state.projects, event.data.projectId] }
      case 'TrustedBuildSystemUnlinked':
        return { ...state, projects: state.projects.filter((projectId) => projectId !== event.data.projectId) }
    }
  },
}

/** What becomes of an older token when another one is issued: only the one before may work beside it. */
function replaced(token: TrustedBuildSystemToken, until: Instant | null): TrustedBuildSystemToken {
  return token.status === 'current' && until !== null
    ? { ...token, status: 'replaced', validUntil: until }
    : { ...token, status: 'ended', validUntil: null }
}

function checkedSettings({ name, description }: TrustedBuildSystemSettings): TrustedBuildSystemSettings {
  return {
    name: parseName(name, "The trusted build system's name"),
    description: parseText(description, "The trusted build system's description"),
  }
}

function checkedKind(kind: TrustedBuildSystemKind): TrustedBuildSystemKind {
  if (trustedBuildSystemKinds.includes(kind)) return kind
  throw new Refusal(
    'TRUSTED_BUILD_SYSTEM_KIND_UNKNOWN',
    `The kind of a trusted build system is one of ${trustedBuildSystemKinds.join(', ')}; got ${JSON.stringify(String(kind).slice(0, 60))}.`,
  )
}

function checkOverlap(until: Instant | null, at: Instant): void {
  if (until === null) return
  const overlap = Date.parse(until) - Date.parse(at)
  if (overlap > 0 && overlap <= longestOverlap) return
  throw new Refusal(
    'TRUSTED_BUILD_SYSTEM_TOKEN_OVERLAP',
    `The token before can work beside the new one until a moment within the next 30 days; got ${until}, and it is ${at}.`,
    { previousTokenValidUntil: until, at },
  )
}

/** The trusted build system, if there is one. @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_FOUND` */
export function existingTrustedBuildSystem(state: TrustedBuildSystemState): TrustedBuildSystem {
  if (state.status === 'none')
    throw new Refusal('TRUSTED_BUILD_SYSTEM_NOT_FOUND', 'There is no such trusted build system.')
  return state
}

/** @throws Refusal `TRUSTED_BUILD_SYSTEM_DISABLED` */
export function refuseIfDisabled({ status, slug }: TrustedBuildSystem): void {
  if (status === 'disabled')
    throw new Refusal(
      'TRUSTED_BUILD_SYSTEM_DISABLED',
      `The trusted build system ${slug} is disabled; nothing counts that it vouches for.`,
    )
}

/** @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_LINKED` */
export function requireLinked({ projects, slug }: TrustedBuildSystem, projectId: ProjectId): void {
  if (!projects.includes(projectId))
    throw new Refusal(
      'TRUSTED_BUILD_SYSTEM_NOT_LINKED',
      `The trusted build system ${slug} is not linked to the project ${projectId}.`,
      { projectId },
    )
}
