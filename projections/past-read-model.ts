import { type Instant, type OrganizationId, Refusal } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { artifactConfigurations } from './artifact-configurations.ts'
import { entityAsOf } from './as-of.ts'
import { projections } from './catalogue.ts'
import { certificates } from './certificates.ts'
import { changeProposals } from './change-proposals.ts'
import { type EntityProjection, recordedOf, viewOf } from './entity.ts'
import { grants } from './grants.ts'
import { groups } from './groups.ts'
import { keys } from './keys.ts'
import { organizations } from './organizations.ts'
import type { Page, PageRequest } from './page.ts'
import { projects } from './projects.ts'
import type { ReadModel, SigningRequestFilter } from './read-model.ts'
import { signingPolicies } from './signing-policies.ts'
import { signingRequests } from './signing-requests.ts'
import { trustedBuildSystems } from './trusted-build-systems.ts'
import { users } from './users.ts'
import type { Recorded, SigningRequestView } from './views.ts'
import { webHooks } from './web-hooks.ts'

/** So many streams are read at the same time for one answer. */
const atOnce = 8

/**
 * A read model as it was at a moment: each entity is the fold of its stream up to then ({@link entityAsOf}), seen as its row
 * would have been seen then. What the organization has, and in which order, the read model of now says: of what it does not
 * find, no stream is read, so that an entity of another organization takes no longer than none. Whether a user was erased
 * is what is known now.
 *
 * A page of a list is that of now without what was made later, in the order of now.
 *
 * @throws Refusal from lists of requests, `AS_OF_FILTER_UNSUPPORTED` for a filter that tells them by their status
 */
export function readModelAsOf(log: Pick<EventLog, 'readStream'>, present: ReadModel, at: Instant): ReadModel {
  async function viewsOf<State extends object, Facts extends object, View extends Recorded>(
    projection: EntityProjection<State, Facts, View>,
    found: readonly (Pick<Recorded, 'streamId' | 'createdAt'> | undefined)[],
  ): Promise<(View | undefined)[]> {
    const views: (View | undefined)[] = found.map(() => undefined)
    const left = found.entries()
    async function work(): Promise<void> {
      for (const [index, view] of left) {
        if (view === undefined || view.createdAt > at) continue
        const id = view.streamId.slice(projection.kind.length + 1)
        const entity = await entityAsOf(log, projection, id, at)
        views[index] = entity === undefined ? undefined : viewOf(projection, entity, at)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, work))
    return views
  }

  async function existing<State extends object, Facts extends object, View extends Recorded>(
    projection: EntityProjection<State, Facts, View>,
    found: readonly View[],
  ): Promise<readonly View[]> {
    return (await viewsOf(projection, found)).filter((view) => view !== undefined)
  }

  async function listed<State extends object, Facts extends object, View extends Recorded>(
    projection: EntityProjection<State, Facts, View>,
    page: Page<Pick<Recorded, 'streamId' | 'createdAt'>>,
  ): Promise<Page<View>> {
    const views = await viewsOf(
      projection,
      page.items.map(({ item }) => item),
    )
    const items = page.items.flatMap(({ cursor }, index) => {
      const item = views[index]
      return item === undefined ? [] : [{ cursor, item }]
    })
    return { ...page, items }
  }

  /** A page of requests: which there are, and in which order, says a page of now. */
  async function requestsOf(
    organizationId: OrganizationId,
    filter: SigningRequestFilter,
    page: PageRequest,
  ): Promise<Page<SigningRequestView>> {
    if (filter.statuses !== undefined || filter.workflowStatuses !== undefined)
      throw new Refusal(
        'AS_OF_FILTER_UNSUPPORTED',
        'Requests as of a moment cannot be chosen by their status: the index knows the status of now only. Leave the filter by status out, and choose from the answer.',
      )
    const now = await present.signingRequestsInShort(organizationId, filter, page)
    const items = now.items.map(({ cursor, item: { signingRequestId, createdAt } }) => ({
      cursor,
      item: { streamId: `${signingRequests.kind}-${signingRequestId}`, createdAt },
    }))
    return listed(signingRequests, { ...now, items })
  }

  return {
    ...present,
    organization: async (id) => (await viewsOf(organizations, [await present.organization(id)]))[0],
    async recorded(organizationId, kind, id) {
      const now = await present.recorded(organizationId, kind, id)
      if (now === undefined || now.createdAt > at) return undefined
      const entity = await entityAsOf(log, projections[kind], id, at)
      return entity && recordedOf(kind, entity)
    },
    async usersByIds(organizationId, ids) {
      const now = await present.usersByIds(organizationId, ids)
      const then = await viewsOf(users, now)
      return then.map((user, index) => user && { ...user, erased: now[index]?.erased ?? user.erased })
    },
    keysByIds: async (organizationId, ids) => viewsOf(keys, await present.keysByIds(organizationId, ids)),
    groupsByIds: async (organizationId, ids) => viewsOf(groups, await present.groupsByIds(organizationId, ids)),
    certificatesByIds: async (organizationId, ids) =>
      viewsOf(certificates, await present.certificatesByIds(organizationId, ids)),
    projectsByIds: async (organizationId, ids) => viewsOf(projects, await present.projectsByIds(organizationId, ids)),
    signingPoliciesByIds: async (organizationId, ids) =>
      viewsOf(signingPolicies, await present.signingPoliciesByIds(organizationId, ids)),
    artifactConfigurationsByIds: async (organizationId, ids) =>
      viewsOf(artifactConfigurations, await present.artifactConfigurationsByIds(organizationId, ids)),
    trustedBuildSystemsByIds: async (organizationId, ids) =>
      viewsOf(trustedBuildSystems, await present.trustedBuildSystemsByIds(organizationId, ids)),
    webHooksByIds: async (organizationId, ids) => viewsOf(webHooks, await present.webHooksByIds(organizationId, ids)),
    changeProposalsByIds: async (organizationId, ids) =>
      viewsOf(changeProposals, await present.changeProposalsByIds(organizationId, ids)),
    grantsByIds: async (organizationId, ids) => viewsOf(grants, await present.grantsByIds(organizationId, ids)),
    signingRequestsByIds: async (organizationId, ids) =>
      viewsOf(signingRequests, await present.signingRequestsByIds(organizationId, ids)),

    projectBySlug: async (organizationId, slug) =>
      (await viewsOf(projects, [await present.projectBySlug(organizationId, slug)]))[0],
    certificatesOfKeys: async (organizationId, ids) =>
      Promise.all((await present.certificatesOfKeys(organizationId, ids)).map((list) => existing(certificates, list))),
    signingPoliciesOfProjects: async (organizationId, ids) =>
      Promise.all(
        (await present.signingPoliciesOfProjects(organizationId, ids)).map((list) => existing(signingPolicies, list)),
      ),
    artifactConfigurationsOfProjects: async (organizationId, ids) =>
      Promise.all(
        (await present.artifactConfigurationsOfProjects(organizationId, ids)).map((list) =>
          existing(artifactConfigurations, list),
        ),
      ),

    trustedBuildSystemBySlug: async (organizationId, slug) =>
      (await viewsOf(trustedBuildSystems, [await present.trustedBuildSystemBySlug(organizationId, slug)]))[0],
    trustedBuildSystemsOfProjects: async (organizationId, ids) =>
      Promise.all(
        (await present.trustedBuildSystemsOfProjects(organizationId, ids, 'everLinked')).map(async (list, index) =>
          (await existing(trustedBuildSystems, list)).filter(({ projects: linked }) =>
            linked.some((each) => each === ids[index]),
          ),
        ),
      ),
    newestOfStreams: (organizationId, streamIds) => present.newestOfStreams(organizationId, streamIds, at),

    listProjects: async (...query) => listed(projects, await present.listProjects(...query)),
    listSigningPolicies: async (...query) => listed(signingPolicies, await present.listSigningPolicies(...query)),
    listArtifactConfigurations: async (...query) =>
      listed(artifactConfigurations, await present.listArtifactConfigurations(...query)),
    listKeys: async (...query) => listed(keys, await present.listKeys(...query)),
    listCertificates: async (...query) => listed(certificates, await present.listCertificates(...query)),
    listUsers: async (...query) => listed(users, await present.listUsers(...query)),
    listGroups: async (...query) => listed(groups, await present.listGroups(...query)),
    listGrants: async (...query) => listed(grants, await present.listGrants(...query)),
    listWebHooks: async (...query) => listed(webHooks, await present.listWebHooks(...query)),
    listTrustedBuildSystems: async (...query) =>
      listed(trustedBuildSystems, await present.listTrustedBuildSystems(...query)),
    listSigningRequests: requestsOf,
    signingRequestsInShort: requestsOf,
  }
}
