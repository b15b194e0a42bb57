import type { AdministratorIndex } from '../application/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { ReadModel } from '../projections/index.ts'
import { answeredByReadModel, catchUpWith } from './submitter-index.ts'

/**
 * Finds Global Administrators in the read model.
 *
 * Fails with `ServiceError` when the read model is away, or does not catch up.
 */
export function administratorIndex(
  log: Pick<EventLog, 'head'>,
  readModel: Pick<ReadModel, 'globalAdministrators' | 'waitFor'>,
): AdministratorIndex {
  return {
    of: (organizationId) => answeredByReadModel(() => readModel.globalAdministrators(organizationId)),
    catchUp: () => catchUpWith(log, readModel),
  }
}
