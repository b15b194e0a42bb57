import { ServiceError, type SubmitterIndex } from '../application/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { type ReadModel, ReadModelError } from '../projections/index.ts'

/** How long somebody who seems to be no submitter waits for the read model to be sure, in milliseconds. */
const catchUpTimeoutMs = 5_000

/**
 * Finds policies to submit to in the read model.
 *
 * Fails with `ServiceError` when the read model is away, or does not catch up.
 */
export function submitterIndex(
  log: Pick<EventLog, 'head'>,
  readModel: Pick<ReadModel, 'policiesToSubmitTo' | 'waitFor'>,
): SubmitterIndex {
  return {
    policiesOf: ({ organizationId, userId }) =>
      answeredByReadModel(() => readModel.policiesToSubmitTo(organizationId, userId)),
    catchUp: () => catchUpWith(log, readModel),
  }
}

/** Waits until the read model has everything that is in the log now. @throws ServiceError when it does not get there in time */
export async function catchUpWith(log: Pick<EventLog, 'head'>, readModel: Pick<ReadModel, 'waitFor'>): Promise<void> {
  const head = await log.head()
  if (head !== undefined) await answeredByReadModel(() => readModel.waitFor(head, { timeoutMs: catchUpTimeoutMs }))
}

/** Asks the read model on behalf of a use case. @throws ServiceError where it fails with a `ReadModelError` */
export async function answeredByReadModel<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    throw error instanceof ReadModelError ? new ServiceError(error.code, error.message, { cause: error }) : error
  }
}
