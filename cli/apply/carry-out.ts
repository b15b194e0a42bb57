import type { Connection } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { changeGroupMembers, createGroup, describeGroup } from '../documents/groups.ts'
import {
  createPolicy,
  deactivatePolicy,
  type PolicyInput,
  reactivatePolicy,
  updatePolicy,
} from '../documents/policies.ts'
import {
  createProject,
  deactivateProject,
  type ProjectSettings,
  reactivateProject,
  updateProject,
} from '../documents/projects.ts'
import type { PrincipalInput } from '../principals.ts'
import { type ChangeAction, type ChangedKind, keyOf, type PlannedChange } from './planned-change.ts'
import type { Reference } from './references.ts'
import { asPrincipals, type Settings } from './settings.ts'

/** What became of a planned change. */
export type CarriedOut = {
  readonly change: PlannedChange
  /**
   * `done`; `proposed` now, or before: it holds when others have approved it; `waiting`: it needs what was only proposed, and
   * comes when the file is applied again.
   */
  readonly state: 'done' | 'proposed' | 'proposedBefore' | 'waiting'
  /** Of what was proposed, or of what is waited for; null when it is done. */
  readonly changeProposalId: string | null
}

/** A change as the service answers it. */
type Answer = { readonly id: string; readonly changeProposalId: string | null }

/** What a change is carried out on. */
type Place = {
  readonly connection: Connection
  readonly id: string
  readonly basedOnRevision: number
  readonly settings: Settings
  readonly principals: (references: unknown) => readonly PrincipalInput[]
  readonly idOf: (reference: Reference) => string
  readonly slugs: readonly string[]
}

/**
 * Carries out changes one by one, in their order. The first that is refused ends it: what was done before stays, and the file
 * can be applied again.
 *
 * @param existing ids of what was there before, by what {@link keyOf} says
 * @param onResult learns what became of each as it happens
 * @throws CliError of the change that was refused; CHANGE_STALE when something was changed since the file was compared with it
 */
export async function carryOut(
  connection: Connection,
  changes: readonly PlannedChange[],
  existing: ReadonlyMap<Reference, string>,
  onResult: (result: CarriedOut) => void,
): Promise<void> {
  const ids = new Map(existing)
  /** What each thing waits for, by its key. */
  const pending = new Map<Reference, string>()
  /** How many events of each thing these changes made. */
  const made = new Map<Reference, number>()
  const idOf = (reference: Reference) => ids.get(reference) ?? reference.slice(reference.indexOf(':') + 1)
  for (const change of changes) {
    const { proposedAs, needs, settings, name } = change
    const key = keyOf(change)
    const waitsFor = needs.map((needed) => pending.get(needed)).find((each) => each !== undefined)
    if (proposedAs !== null || waitsFor !== undefined) {
      if (change.action === 'create') pending.set(key, proposedAs ?? waitsFor ?? '')
      const state = proposedAs === null ? 'waiting' : 'proposedBefore'
      onResult({ change, state, changeProposalId: proposedAs ?? waitsFor ?? null })
      continue
    }
    const { id, changeProposalId } = await perform(change, {
      connection,
      id: change.id ?? ids.get(key) ?? '',
      basedOnRevision: (change.revision ?? -1) + (made.get(key) ?? 0),
      settings,
      principals: (references) => asPrincipals(references as readonly Reference[], idOf),
      idOf,
      slugs: name.split('/'),
    })
    if (changeProposalId === null) {
      ids.set(key, id)
      made.set(key, (made.get(key) ?? 0) + 1)
    } else if (change.action === 'create') pending.set(key, changeProposalId)
    onResult({ change, state: changeProposalId === null ? 'done' : 'proposed', changeProposalId })
  }
}

function perform({ action, kind, name }: PlannedChange, place: Place): Promise<Answer> {
  const found = performers[kind][action]
  if (found === undefined) throw new Error(`nothing carries out ${action} of the ${kind} ${name}`)
  return found(place)
}

const performers: Readonly<
  Record<ChangedKind, Readonly<Partial<Record<ChangeAction, (place: Place) => Promise<Answer>>>>>
> = {
  group: {
    async create({ connection, settings, idOf }) {
      const { name, description, members } = settings as GroupSettings
      const input = { name, description, members: members.map(idOf) }
      const { createGroup: made } = await ask(connection, createGroup, { input })
      return { ...made, id: made.groupId }
    },
    async update({ connection, id, basedOnRevision, settings }) {
      const { name, description } = settings as GroupSettings
      const input = { groupId: id, name, description, basedOnRevision }
      const { describeGroup: made } = await ask(connection, describeGroup, { input })
      return { ...made, id }
    },
    async changeMembers({ connection, id, basedOnRevision, settings, idOf }) {
      const { added, removed } = settings as Readonly<Record<'added' | 'removed', readonly Reference[]>>
      const input = { groupId: id, add: added.map(idOf), remove: removed.map(idOf), basedOnRevision }
      const { changeGroupMembers: made } = await ask(connection, changeGroupMembers, { input })
      return { ...made, id }
    },
  },
  project: {
    async create(place) {
      const [slug = ''] = place.slugs
      const input = { ...projectInput(place), slug }
      const { createProject: made } = await ask(place.connection, createProject, { input })
      return { ...made, id: made.projectId }
    },
    async update(place) {
      const { connection, id, basedOnRevision } = place
      const input = { ...projectInput(place), projectId: id, basedOnRevision }
      const { updateProject: made } = await ask(connection, updateProject, { input })
      return { ...made, id }
    },
    async deactivate({ connection, id, basedOnRevision }) {
      const input = { projectId: id, basedOnRevision, reason }
      const { deactivateProject: made } = await ask(connection, deactivateProject, { input })
      return { ...made, id }
    },
    async reactivate({ connection, id, basedOnRevision }) {
      const { reactivateProject: made } = await ask(connection, reactivateProject, {
        input: { projectId: id, basedOnRevision },
      })
      return { ...made, id }
    },
  },
  signingPolicy: {
    async create(place) {
      const [project = '', slug = ''] = place.slugs
      const input = { projectId: place.idOf(`project:${project}`), slug, settings: policyInput(place) }
      const { createSigningPolicy: made } = await ask(place.connection, createPolicy, { input })
      return { ...made, id: made.signingPolicyId }
    },
    async update(place) {
      const { connection, id, basedOnRevision } = place
      const input = { signingPolicyId: id, basedOnRevision, settings: policyInput(place) }
      const { updateSigningPolicy: made } = await ask(connection, updatePolicy, { input })
      return { ...made, id }
    },
    async deactivate({ connection, id, basedOnRevision }) {
      const input = { signingPolicyId: id, basedOnRevision, reason }
      const { deactivateSigningPolicy: made } = await ask(connection, deactivatePolicy, { input })
      return { ...made, id }
    },
    async reactivate({ connection, id, basedOnRevision }) {
      const { reactivateSigningPolicy: made } = await ask(connection, reactivatePolicy, {
        input: { signingPolicyId: id, basedOnRevision },
      })
      return { ...made, id }
    },
  },
}

/** What a deactivation says of itself. */
const reason = 'by countersign apply'

type GroupSettings = {
  readonly name: string
  readonly description: string | null
  readonly members: readonly Reference[]
}

function projectInput({ settings, principals }: Place): ProjectSettings<PrincipalInput> {
  const { slug: _, readers, configurators, ...rest } = settings
  return {
    ...(rest as Omit<ProjectSettings<PrincipalInput>, 'readers' | 'configurators'>),
    readers: principals(readers),
    configurators: principals(configurators),
  }
}

function policyInput({ settings, principals }: Place): PolicyInput {
  const { submitters, approval, ...rest } = settings
  const asked = approval as
    | (Omit<NonNullable<PolicyInput['approval']>, 'approvers'> & { readonly approvers: unknown })
    | null
  return {
    ...(rest as Omit<PolicyInput, 'submitters' | 'approval'>),
    submitters: principals(submitters),
    approval: asked && { ...asked, approvers: principals(asked.approvers) },
  }
}
