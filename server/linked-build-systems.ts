import type { LinkedBuildSystemIndex } from '../application/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { ReadModel } from '../projections/index.ts'
import { answeredByReadModel, catchUpWith } from './submitter-index.ts'

/**
 * Finds the trusted build systems of projects in the read model.
 *
 * Fails with `ServiceError` when the read model is away, or does not catch up.
 */
export function linkedBuildSystemIndex(
  log: Pick<EventLog, 'head'>,
  readModel: Pick<ReadModel, 'trustedBuildSystemsOfProjects' | 'waitFor'>,
): LinkedBuildSystemIndex {
  return {
    async of(organizationId, projectId) {
      const [linked = []] = await answeredByReadModel(() =>
        readModel.trustedBuildSystemsOfProjects(organizationId, [projectId], 'linked'),
      )
      return linked.map(({ trustedBuildSystemId }) => trustedBuildSystemId)
    },
    catchUp: () => catchUpWith(log, readModel),
  }
}
