import type { LinkedBuildSystemIndex } from '../application/index.ts'
import { jobSubmitterOf, type TrustedBuildSystemId } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { parsePageRequest, type ReadModel } from '../projections/index.ts'
import { answeredByReadModel, catchUpWith } from './submitter-index.ts'

/**
 * Finds the trusted build systems of projects in the read model.
 *
 * Fails with `ServiceError` when the read model is away, or does not catch up.
 */
export function linkedBuildSystemIndex(
  log: Pick<EventLog, 'head'>,
  readModel: Pick<ReadModel, 'trustedBuildSystemsOfProjects' | 'listTrustedBuildSystems' | 'waitFor'>,
): LinkedBuildSystemIndex {
  return {
    async of(organizationId, projectId) {
      const [linked = []] = await answeredByReadModel(() =>
        readModel.trustedBuildSystemsOfProjects(organizationId, [projectId], 'linked'),
      )
      return linked.map(({ trustedBuildSystemId }) => trustedBuildSystemId)
    },
    async ofJobs(organizationId) {
      const found: TrustedBuildSystemId[] = []
      let after: string | undefined
      for (;;) {
        const page = parsePageRequest({ first: 100, after })
        const { items, hasNextPage } = await answeredByReadModel(() =>
          readModel.listTrustedBuildSystems(organizationId, page),
        )
        for (const { item } of items)
          if (item.links.some((link) => jobSubmitterOf(link) !== null)) found.push(item.trustedBuildSystemId)
        after = items.at(-1)?.cursor
        if (!hasNextPage || after === undefined) return found
      }
    },
    catchUp: () => catchUpWith(log, readModel),
  }
}
