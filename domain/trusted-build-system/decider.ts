import type { Decider } from '../decider.ts'
import type { Instant } from '../event.ts'
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
import { decideLink, evolveLinks, type LinkCommand } from './links.ts'
import { decideProxyKey, type ProxyKeyCommand, proxyKeysAfter } from './proxy-keys.ts'
import {
  existingTrustedBuildSystem,
  refuseIfDisabled,
  type TrustedBuildSystemState,
  type TrustedBuildSystemToken,
} from './state.ts'

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
  | LinkCommand
  | ProxyKeyCommand

/** For so long the token before may work beside a new one: 30 days, in milliseconds. */
const longestOverlap = 30 * 24 * 60 * 60 * 1000

/**
 * Trusted build system: vouches by its token that a call comes from it. What it vouches for counts where it is linked.
 *
 * Refuses with `TRUSTED_BUILD_SYSTEM_EXISTS`, `TRUSTED_BUILD_SYSTEM_NOT_FOUND`, `TRUSTED_BUILD_SYSTEM_UNCHANGED`,
 * `TRUSTED_BUILD_SYSTEM_DISABLED`, `TRUSTED_BUILD_SYSTEM_ENABLED`, `TRUSTED_BUILD_SYSTEM_LINKED`,
 * `TRUSTED_BUILD_SYSTEM_NOT_LINKED`, `TRUSTED_BUILD_SYSTEM_LINK_UNCHANGED`, `TRUSTED_BUILD_SYSTEM_TOO_LARGE`,
 * `ORIGIN_LINK_INVALID`, `ORIGIN_LINK_TOO_LARGE`, `TRUSTED_BUILD_SYSTEM_KIND_UNKNOWN`,
 * `TRUSTED_BUILD_SYSTEM_TOKEN_OVERLAP`, `PROXY_KEY_KIND_WRONG`, `PROXY_KEY_REGISTERED`,
 * `PROXY_KEY_NOT_FOUND`, `PROXY_KEY_MALFORMED`, `SLUG_MALFORMED`, `NAME_MALFORMED`, `TEXT_TOO_LONG`, `TEXT_MALFORMED`.
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
    'TrustedBuildSystemLinkChanged',
    'TrustedBuildSystemUnlinked',
    'TrustedBuildSystemProxyKeyRegistered',
    'TrustedBuildSystemProxyKeyRemoved',
  ],
  // Settings of a link say what a build must be: who overlooks them would take others.
  schemaVersions: { TrustedBuildSystemLinked: 2 },

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
      case 'LinkProject':
      case 'ChangeLink':
      case 'UnlinkProject':
        return [decideLink(command, system)]
      case 'RegisterProxyKey':
      case 'RemoveProxyKey':
        return [decideProxyKey(command, system)]
    }
  },

  evolve(state, event) {
    if (event.type === 'TrustedBuildSystemCreated') {
      if (state.status !== 'none') return state
      const { schemaVersion: _, ...facts } = event.data
      return { ...facts, status: 'enabled', tokens: [], links: [], projects: [], proxyKeys: [] }
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
      case 'TrustedBuildSystemLinkChanged':
      case 'TrustedBuildSystemUnlinked':
        return evolveLinks(state, event)
      case 'TrustedBuildSystemProxyKeyRegistered':
      case 'TrustedBuildSystemProxyKeyRemoved':
        return { ...state, proxyKeys: proxyKeysAfter(state.proxyKeys, event) }
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
