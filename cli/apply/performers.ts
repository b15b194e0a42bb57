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
import {
  changeBuildSystemLink,
  createBuildSystem,
  disableBuildSystem,
  enableBuildSystem,
  type LinkSecretInput,
  linkBuildSystem,
  unlinkBuildSystem,
  updateBuildSystem,
} from '../documents/trusted-build-systems.ts'
import type { PrincipalInput } from '../principals.ts'
import type { ChangeAction, ChangedKind } from './planned-change.ts'
import type { Reference } from './references.ts'
import type { Settings } from './settings.ts'

/** A change as the service answers it. */
export type Performed = {
  readonly id: string
  readonly changeProposalId: string | null
  /** How many events it made of the thing; one when left out. */
  readonly events?: number
}

/** What a change is carried out on. */
export type Place = {
  readonly connection: Connection
  readonly id: string
  readonly basedOnRevision: number
  readonly settings: Settings
  readonly principals: (references: unknown) => readonly PrincipalInput[]
  readonly idOf: (reference: Reference) => string
  readonly slugs: readonly string[]
  /** The secret in a file. @throws CliError `FILE_UNREADABLE` */
  readonly readSecret: (file: string) => Promise<string>
}

/** What carries out each action. */
export const performers: Readonly<
  Record<ChangedKind, Readonly<Partial<Record<ChangeAction, (place: Place) => Promise<Performed>>>>>
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
  trustedBuildSystem: {
    async create({ connection, settings, slugs: [slug = ''] }) {
      const { name, description, kind } = settings as BuildSystemSettings
      const input = { slug, name, description, kind }
      const { createTrustedBuildSystem: made } = await ask(connection, createBuildSystem, { input })
      // Its first token is shown to nobody: `rotate-token` makes one for whoever sets the build system up.
      return { changeProposalId: made.changeProposalId, id: made.trustedBuildSystemId, events: 2 }
    },
    async update({ settings, ...place }) {
      const { name, description } = settings as BuildSystemSettings
      const input = { ...basis(place), name, description }
      const { updateTrustedBuildSystem: made } = await ask(place.connection, updateBuildSystem, { input })
      return { ...made, id: place.id }
    },
    async deactivate(place) {
      const input = { ...basis(place), reason }
      const { disableTrustedBuildSystem: made } = await ask(place.connection, disableBuildSystem, { input })
      return { ...made, id: place.id }
    },
    async reactivate(place) {
      const { enableTrustedBuildSystem: made } = await ask(place.connection, enableBuildSystem, { input: basis(place) })
      return { ...made, id: place.id }
    },
    async link(place) {
      const input = { ...basis(place), projectId: linkedProject(place), ...(await linkIn(place)) }
      const { linkTrustedBuildSystem: made } = await ask(place.connection, linkBuildSystem, { input })
      return { ...made, id: place.id }
    },
    async changeLink(place) {
      const input = { ...basis(place), projectId: linkedProject(place), ...(await linkIn(place)) }
      const { changeTrustedBuildSystemLink: made } = await ask(place.connection, changeBuildSystemLink, { input })
      return { ...made, id: place.id }
    },
    async unlink(place) {
      const input = { ...basis(place), projectId: linkedProject(place) }
      const { unlinkTrustedBuildSystem: made } = await ask(place.connection, unlinkBuildSystem, { input })
      return { ...made, id: place.id }
    },
  },
}

type BuildSystemSettings = { readonly name: string; readonly description: string | null; readonly kind: string }

function basis({ id, basedOnRevision }: Pick<Place, 'id' | 'basedOnRevision'>) {
  return { trustedBuildSystemId: id, basedOnRevision }
}

function linkedProject({ settings, idOf }: Place): string {
  return idOf(`project:${settings.project}`)
}

/** What a link is to say, with its secrets as their files have them. */
async function linkIn({ settings, readSecret }: Place) {
  const { linkSettings, secretFiles } = settings as { readonly linkSettings: Settings; readonly secretFiles: Settings }
  const secrets: LinkSecretInput[] = []
  for (const [name, file] of Object.entries(secretFiles)) secrets.push({ name, value: await readSecret(String(file)) })
  return { settings: linkSettings, secrets }
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
