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
    policiesOf: ({ organizationId, userId }) => answered(() => readModel.policiesToSubmitTo(organizationId, userId)),
    async catchUp() {
      const head = await log.head()
      if (head !== undefined) await answered(() => readModel.waitFor(head, { timeoutMs: catchUpTimeoutMs }))
    },
  }
}

async function answered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask()
  } catch (error) {
    throw error instanceof ReadModelError ? new ServiceError(error.code, error.message, { cause: error }) : error
  }
}
