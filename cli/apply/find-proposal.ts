import type { CurrentState } from './current-state.ts'
import type { PlannedChange } from './planned-change.ts'
import { areWanted, linkDifferences, type Settings } from './settings.ts'

type Wanted = Omit<PlannedChange, 'proposedAs'>

/** What a proposed event has for each action that change control can hold back. */
const events: Readonly<Record<string, readonly string[]>> = {
  'create signingPolicy': ['SigningPolicyCreated'],
  'update signingPolicy': ['SigningPolicyChanged'],
  'reactivate signingPolicy': ['SigningPolicyReactivated'],
  'update project': ['ProjectChanged', 'ProjectRepositoryChanged'],
  'reactivate project': ['ProjectReactivated'],
  'changeMembers group': ['GroupMembersChanged'],
  'create trustedBuildSystem': ['TrustedBuildSystemCreated'],
  'update trustedBuildSystem': ['TrustedBuildSystemChanged'],
  'reactivate trustedBuildSystem': ['TrustedBuildSystemEnabled'],
  'link trustedBuildSystem': ['TrustedBuildSystemLinked'],
  'changeLink trustedBuildSystem': ['TrustedBuildSystemLinkChanged'],
}

/**
 * The id of a change that waits for approval and does what is wanted, so that a file that is applied again does not propose
 * it again; null when there is none.
 */
export function findProposal(wanted: Wanted, { proposals, projects }: CurrentState): string | null {
  const types = events[`${wanted.action} ${wanted.kind}`] ?? []
  const found = proposals.find(({ targetStreamId, proposedEvents, target }) =>
    proposedEvents.some(({ type, data }) => {
      if (!types.includes(type)) return false
      if (wanted.id !== null) return targetStreamId === `${wanted.kind}-${wanted.id}` && doesSame(wanted, data)
      const project = projects.find(({ projectId }) => projectId === data.projectId)
      const name = project === undefined ? data.slug : `${project.slug}/${data.slug}`
      return target === null && name === wanted.name && doesSame(wanted, data)
    }),
  )
  return found?.changeProposalId ?? null
}

function doesSame({ action, settings }: Wanted, data: Settings): boolean {
  if (action === 'link' || action === 'changeLink')
    return (
      data.projectId === settings.projectId &&
      linkDifferences((data.settings ?? {}) as Settings, settings.linkSettings as Settings).length === 0
    )
  const recorded = withReferences('settings' in data ? data.settings : data) as Settings
  return areWanted(settings, recorded)
}

/** The same value with a reference wherever it names somebody: events name people by their ids alone where only users can be. */
function withReferences(value: unknown, name = ''): unknown {
  if (Array.isArray(value))
    return value.map((each) =>
      typeof each === 'string' && (name === 'added' || name === 'removed') ? `user:${each}` : withReferences(each),
    )
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const [first] = entries
  if (entries.length === 1 && first !== undefined && (first[0] === 'user' || first[0] === 'group'))
    return `${first[0]}:${first[1]}`
  return Object.fromEntries(entries.map(([key, each]) => [key, withReferences(each, key)]))
}
