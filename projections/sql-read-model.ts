import { sql } from 'kysely'
import { referenceKey, type SigningPolicyId, type TrustedBuildSystemId, type UserId } from '../domain/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import { artifactConfigurations } from './artifact-configurations.ts'
import { certificates } from './certificates.ts'
import { changeProposals } from './change-proposals.ts'
import type { ReadModelDatabase } from './database.ts'
import { asView } from './entity.ts'
import { entityQueries } from './entity-queries.ts'
import { createEventReader } from './event-reader.ts'
import { asSecurityRefusal, asUnusualActivity } from './events.ts'
import { grants } from './grants.ts'
import { groups } from './groups.ts'
import { keys } from './keys.ts'
import { signingRequestLists } from './list-signing-requests.ts'
import { organizations } from './organizations.ts'
import type { Progress } from './progress.ts'
import { projects } from './projects.ts'
import { asReadModelError, readCheckpoint, requireReadModel } from './read-checkpoint.ts'
import type { ReadModel } from './read-model.ts'
import { ReadModelError } from './read-model-error.ts'
import { type ListOrder, readPage } from './read-page.ts'
import { listSecurityRecords } from './security-records.ts'
import { signingPolicies } from './signing-policies.ts'
import { signingRequests } from './signing-requests.ts'
import { markInUse } from './table-use.ts'
import type { EntityRow } from './tables.ts'
import { trustedBuildSystems } from './trusted-build-systems.ts'
import { users } from './users.ts'
import type { ChangeProposalView, TrustedBuildSystemView } from './views.ts'
import { webHooks } from './web-hooks.ts'

const bySlug: ListOrder = { key: 'slug', id: 'id', direction: 'asc' }
const byName: ListOrder = { key: 'name', id: 'id', direction: 'asc' }
const oldestFirst: ListOrder = { key: 'created_at', id: 'id', direction: 'asc' }
const newestFirst: ListOrder = { key: 'created_at', id: 'id', direction: 'desc' }

/** After so long it is looked whether the tables are still there, in milliseconds. */
const lookMs = 60_000

/** The read model over its database. Closing it closes the database too. */
export function createReadModel(database: ReadModelDatabase, progress: Progress): ReadModel {
  const { reads } = database
  const events = createEventReader(database)
  /** When it is to be seen again that the tables are there. */
  let lookAt = 0
  let marking = Promise.resolve()

  async function read<Result>(query: () => Promise<Result>): Promise<Result> {
    try {
      if (performance.now() >= lookAt) await look()
      return await query()
    } catch (error) {
      const failure = asReadModelError(error)
      if (failure instanceof ReadModelError) lookAt = 0
      throw failure
    }
  }

  /** Who reads says from time to time that the tables are in use, so that no other release drops them. */
  async function look(): Promise<void> {
    await requireReadModel(database)
    if (performance.now() < lookAt) return
    lookAt = performance.now() + lookMs
    marking = markInUse(database).catch(() => undefined)
  }

  const { byIds, list, inGroups, recorded } = entityQueries(reads, read)
  const requests = signingRequestLists(database)

  async function position(): Promise<LogPosition | undefined> {
    return read(async () => (await readCheckpoint(database, 'live'))?.position)
  }

  return {
    check: () => read(async () => undefined),
    delays: (atMost) =>
      read(async () => {
        const rows = await reads
          .selectFrom('signing_requests')
          .selectAll()
          .where('waiting_since', '>', '')
          .orderBy('waiting_since')
          .orderBy('id')
          .limit(atMost)
          .execute()
        return rows.flatMap((row) => asView(signingRequests, row).waitingFor ?? [])
      }),
    organization: async (organizationId) => (await byIds(organizations, organizationId, [organizationId]))[0],
    recorded,
    usersByIds: (organizationId, ids) => byIds(users, organizationId, ids),
    keysByIds: (organizationId, ids) => byIds(keys, organizationId, ids),
    groupsByIds: (organizationId, ids) => byIds(groups, organizationId, ids),
    certificatesByIds: (organizationId, ids) => byIds(certificates, organizationId, ids),
    projectsByIds: (organizationId, ids) => byIds(projects, organizationId, ids),
    artifactConfigurationsByIds: (organizationId, ids) => byIds(artifactConfigurations, organizationId, ids),
    signingPoliciesByIds: (organizationId, ids) => byIds(signingPolicies, organizationId, ids),
    trustedBuildSystemsByIds: (organizationId, ids) => byIds(trustedBuildSystems, organizationId, ids),
    webHooksByIds: (organizationId, ids) => byIds(webHooks, organizationId, ids),
    changeProposalsByIds: (organizationId, ids) => byIds(changeProposals, organizationId, ids),
    grantsByIds: (organizationId, ids) => byIds(grants, organizationId, ids),
    signingRequestsByIds: (organizationId, ids) => byIds(signingRequests, organizationId, ids),

    projectBySlug: async (organizationId, slug) => {
      const first = { direction: 'forward', size: 1 } as const
      return (await list(projects, bySlug, organizationId, first, { slug })).items[0]?.item
    },
    certificatesOfKeys: (organizationId, keyIds) =>
      inGroups(certificates, 'key_id', 'created_at', organizationId, keyIds),
    signingPoliciesOfCertificates: (organizationId, certificateIds) =>
      inGroups(signingPolicies, 'certificate_id', 'slug', organizationId, certificateIds),
    signingPoliciesOfProjects: (organizationId, projectIds) =>
      inGroups(signingPolicies, 'project_id', 'slug', organizationId, projectIds),
    artifactConfigurationsOfProjects: (organizationId, projectIds) =>
      inGroups(artifactConfigurations, 'project_id', 'slug', organizationId, projectIds),

    trustedBuildSystemBySlug: async (organizationId, slug) => {
      const first = { direction: 'forward', size: 1 } as const
      return (await list(trustedBuildSystems, bySlug, organizationId, first, { slug })).items[0]?.item
    },
    trustedBuildSystemsOfProjects: async (organizationId, projectIds, which) => {
      const links = await read(() =>
        reads
          .selectFrom('named_principals')
          .where('organization_id', '=', organizationId)
          .where(
            'principal',
            'in',
            projectIds.map((id) => `project-${id}`),
          )
          .where('role', '=', 'project')
          .where('holds', 'in', which === 'linked' ? ['yes'] : ['yes', 'no'])
          .select(['principal', 'entity_id'])
          .orderBy('id')
          .execute(),
      )
      const ids = links.map((link) => link.entity_id as TrustedBuildSystemId)
      const found = await byIds(trustedBuildSystems, organizationId, ids)
      const ofProject = new Map<string, TrustedBuildSystemView[]>()
      for (const [index, { principal }] of links.entries()) {
        const system = found[index]
        if (system !== undefined) ofProject.set(principal, [...(ofProject.get(principal) ?? []), system])
      }
      return projectIds.map((id) => ofProject.get(`project-${id}`) ?? [])
    },

    policiesToSubmitTo: (organizationId, userId) =>
      read(async () => {
        const named = reads
          .selectFrom('named_principals')
          .where('organization_id', '=', organizationId)
          .where('holds', '=', 'yes')
        const user = referenceKey({ user: userId })
        const memberships = named
          .where('role', '=', 'member')
          .where('principal', '=', user)
          .select(sql<string>`'group-' || entity_id`.as('principal'))
        const rows = await named
          .where('role', '=', 'submitter')
          .where((is) => is.or([is('principal', '=', user), is('principal', 'in', memberships)]))
          .select('entity_id')
          .orderBy('id')
          .limit(10)
          .execute()
        return rows.map((row) => row.entity_id as SigningPolicyId)
      }),

    globalAdministrators: (organizationId) =>
      read(async () => {
        const rows = await reads
          .selectFrom('named_principals')
          .where('organization_id', '=', organizationId)
          .where('principal', '=', 'globalAdministrator')
          .where('role', '=', 'role')
          .where('holds', '=', 'yes')
          .select('entity_id')
          .execute()
        return rows.map((row) => row.entity_id as UserId)
      }),

    listProjects: (organizationId, page) => list(projects, bySlug, organizationId, page),
    listSigningPolicies: (organizationId, { projectId, slug }, page) =>
      list(signingPolicies, bySlug, organizationId, page, { project_id: projectId, slug }),
    listArtifactConfigurations: (organizationId, { projectId, slug }, page) =>
      list(artifactConfigurations, bySlug, organizationId, page, { project_id: projectId, slug }),
    listKeys: (organizationId, page) => list(keys, newestFirst, organizationId, page),
    listCertificates: (organizationId, page) => list(certificates, newestFirst, organizationId, page),
    listUsers: (organizationId, page) => list(users, oldestFirst, organizationId, page),
    listGroups: (organizationId, page) => list(groups, byName, organizationId, page),
    listTrustedBuildSystems: (organizationId, page) => list(trustedBuildSystems, bySlug, organizationId, page),
    listWebHooks: (organizationId, { projectId }, page) =>
      list(webHooks, newestFirst, organizationId, page, {
        project_id: projectId === null ? '' : projectId,
        listed: 'yes',
      }),
    listChangeProposals: (organizationId, { status }, page) =>
      read(() =>
        readPage<EntityRow, ChangeProposalView>(
          reads,
          'change_proposals',
          newestFirst,
          page,
          (all) => {
            const query = all.where('organization_id', '=', organizationId)
            if (status === undefined) return query
            const now = new Date().toISOString()
            // Nothing is recorded when the time of a change is over.
            if (status === 'proposed') return query.where('status', '=', status).where('expires_at', '>', now)
            if (status !== 'lapsed') return query.where('status', '=', status)
            return query.where((is) =>
              is.or([is('status', '=', status), is.and([is('status', '=', 'proposed'), is('expires_at', '<=', now)])]),
            )
          },
          (row) => asView(changeProposals, row),
        ),
      ),
    listGrants: (organizationId, { signingPolicyId, giver }, page) =>
      list(grants, newestFirst, organizationId, page, { signing_policy_id: signingPolicyId, giver }),
    listSigningRequests: (...query) => read(() => requests.listSigningRequests(...query)),
    signingRequestsInShort: (...query) => read(() => requests.signingRequestsInShort(...query)),
    listEvents: (organizationId, filter, page) => read(() => events.list(organizationId, filter, page)),
    listSecurityRefusals: (organizationId, filter, page) =>
      read(() => listSecurityRecords(reads, organizationId, 'refused', filter, page, asSecurityRefusal)),
    listUnusualActivity: (organizationId, filter, page) =>
      read(() => listSecurityRecords(reads, organizationId, 'unusual', filter, page, asUnusualActivity)),

    newestOfStreams: (organizationId, streamIds, upTo) =>
      read(() => events.newestOfStreams(organizationId, streamIds, upTo)),
    eventsOfStreams: (organizationId, ranges) => read(() => events.ofStreams(organizationId, ranges)),

    position,
    async waitFor(wanted, { timeoutMs, signal }) {
      const present = await position()
      if (present === undefined || present < wanted) await progress.reached(wanted, timeoutMs, signal)
    },
    async *follow(organizationId, { after, signal }) {
      let seen = after
      for (;;) {
        const upTo = await progress.beyond(seen, signal)
        if (upTo === undefined) return
        try {
          yield* events.between(organizationId, seen, upTo)
        } catch (error) {
          throw asReadModelError(error)
        }
        seen = upTo
      }
    },
    async close() {
      progress.close()
      await marking
      await database.close()
    },
  }
}
