import { canonicalJson } from '../canonical-json.ts'
import type { LinkSecretId, ProjectId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import type {
  LinkSecret,
  LinkSettings,
  TrustedBuildSystemLink,
  TrustedBuildSystemLinkChanged,
  TrustedBuildSystemLinked,
  TrustedBuildSystemUnlinked,
} from './events.ts'
import { checkedLinkSecrets, checkedLinkSettings, linkSettingsSize } from './link-settings.ts'
import type { TrustedBuildSystem } from './state.ts'

/** What can be asked about links. That settings and secrets are what the kind demands is for the caller to see to. */
export type LinkCommand =
  | ({ readonly type: 'LinkProject' } & TrustedBuildSystemLink)
  | {
      readonly type: 'ChangeLink'
      readonly projectId: ProjectId
      /** As they are to be; left out: as they are. */
      readonly settings?: LinkSettings
      /** Those that are to be others, or none any more (`null`). One that is not named stays. */
      readonly secrets: readonly LinkSecretChange[]
    }
  | { readonly type: 'UnlinkProject'; readonly projectId: ProjectId }

/** What is to become of a secret of a link. */
export type LinkSecretChange = { readonly name: string; readonly secretId: LinkSecretId | null }

/** What happens to links. */
export type LinkEvent = TrustedBuildSystemLinked | TrustedBuildSystemLinkChanged | TrustedBuildSystemUnlinked

/** So many projects one may be linked to: its stream is read with every call that it vouches for. */
const mostProjects = 1_000

/** So many bytes the settings of all links of one may have together, for the same reason. */
const mostBytes = 1_000_000

/** The link to a project; `undefined` when there is none. */
export function linkOf(
  { links }: Pick<TrustedBuildSystem, 'links'>,
  projectId: ProjectId,
): TrustedBuildSystemLink | undefined {
  return links.find((link) => link.projectId === projectId)
}

/** The link to a project. @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_LINKED` */
export function requireLinked(
  system: Pick<TrustedBuildSystem, 'links' | 'slug'>,
  projectId: ProjectId,
): TrustedBuildSystemLink {
  const link = linkOf(system, projectId)
  if (link !== undefined) return link
  throw new Refusal(
    'TRUSTED_BUILD_SYSTEM_NOT_LINKED',
    `The trusted build system ${system.slug} is not linked to the project ${projectId}.`,
    { projectId },
  )
}

/** The secrets of a link after a change, in the order of their names. */
export function changedLinkSecrets(
  secrets: readonly LinkSecret[],
  changes: readonly LinkSecretChange[],
): readonly LinkSecret[] {
  const kept = secrets.filter(({ name }) => changes.every((change) => change.name !== name))
  const given = changes.flatMap(({ name, secretId }) => (secretId === null ? [] : [{ name, secretId }]))
  return inOrder([...kept, ...given])
}

/** What happens when a link is made, changed or ended. @throws Refusal as the decider of trusted build systems */
export function decideLink(command: LinkCommand, system: TrustedBuildSystem): LinkEvent {
  const { projectId } = command
  switch (command.type) {
    case 'LinkProject': {
      if (linkOf(system, projectId) !== undefined)
        throw new Refusal(
          'TRUSTED_BUILD_SYSTEM_LINKED',
          `The trusted build system ${system.slug} is linked to the project already.`,
        )
      if (system.links.length >= mostProjects)
        throw new Refusal(
          'TRUSTED_BUILD_SYSTEM_TOO_LARGE',
          `A trusted build system is linked to ${mostProjects} projects at the most.`,
          { limit: mostProjects },
        )
      const { settings, secrets } = checkedLink(command, system)
      // In the first form, which every release reads, when that says all of it.
      const saysMore = Object.keys(settings).length > 0 || secrets.length > 0
      const data = saysMore ? { schemaVersion: 2, projectId, settings, secrets } : { schemaVersion: 1, projectId }
      return { type: 'TrustedBuildSystemLinked', data }
    }
    case 'ChangeLink': {
      const before = requireLinked(system, projectId)
      const secrets = changedLinkSecrets(before.secrets, command.secrets)
      const { settings } = checkedLink({ projectId, settings: command.settings ?? before.settings, secrets }, system)
      if (
        canonicalJson({ settings, secrets }) === canonicalJson({ settings: before.settings, secrets: before.secrets })
      )
        throw new Refusal(
          'TRUSTED_BUILD_SYSTEM_LINK_UNCHANGED',
          `The link of the trusted build system ${system.slug} to the project has just these settings already.`,
        )
      return { type: 'TrustedBuildSystemLinkChanged', data: { schemaVersion: 1, projectId, settings, secrets } }
    }
    case 'UnlinkProject':
      requireLinked(system, projectId)
      return { type: 'TrustedBuildSystemUnlinked', data: { schemaVersion: 1, projectId } }
  }
}

/** The build system after an event about its links. One about a link that is not there changes nothing. */
export function evolveLinks(system: TrustedBuildSystem, event: LinkEvent): TrustedBuildSystem {
  const { projectId } = event.data
  const others = system.links.filter((link) => link.projectId !== projectId)
  switch (event.type) {
    case 'TrustedBuildSystemLinked': {
      const { settings = {}, secrets = [] } = event.data
      return withLinks(system, [...others, { projectId, settings, secrets }])
    }
    case 'TrustedBuildSystemLinkChanged': {
      const { settings, secrets } = event.data
      const changed = (link: TrustedBuildSystemLink) =>
        link.projectId === projectId ? { projectId, settings, secrets } : link
      return withLinks(system, system.links.map(changed))
    }
    case 'TrustedBuildSystemUnlinked':
      return withLinks(system, others)
  }
}

function withLinks(system: TrustedBuildSystem, links: readonly TrustedBuildSystemLink[]): TrustedBuildSystem {
  return { ...system, links, projects: links.map(({ projectId }) => projectId) }
}

function checkedLink({ projectId, ...said }: TrustedBuildSystemLink, { links }: TrustedBuildSystem) {
  const settings = checkedLinkSettings(said.settings)
  const secrets = checkedLinkSecrets(inOrder(said.secrets))
  const others = links.filter((link) => link.projectId !== projectId)
  const size = others.reduce((sum, link) => sum + linkSettingsSize(link.settings), linkSettingsSize(settings))
  if (size > mostBytes)
    throw new Refusal(
      'TRUSTED_BUILD_SYSTEM_TOO_LARGE',
      `The settings of all links of a trusted build system have ${mostBytes} bytes as JSON at the most; these would be ${size}. Create another build system for some of the projects.`,
      { limit: mostBytes, size },
    )
  return { settings, secrets }
}

function inOrder(secrets: readonly LinkSecret[]): readonly LinkSecret[] {
  return secrets
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ name, secretId }) => ({ name, secretId }))
}
