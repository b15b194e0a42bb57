import { ApplicationFailure } from '@temporalio/common'
import { Refusal, type RefusalDetails } from '../domain/index.ts'

/** A refusal on its way through Temporal: its code is the failure's type; it is never retried. */
export function failureFromRefusal(refusal: Refusal): ApplicationFailure {
  return ApplicationFailure.create({
    type: refusal.code,
    message: refusal.message,
    details: [refusal.details],
    nonRetryable: true,
  })
}

/** Ends a workflow that delivers what no store knows: failed, so that it is started again when it is put out again. */
export function unknownNotification(id: string): ApplicationFailure {
  return failureFromRefusal(
    new Refusal('NOTIFICATION_UNKNOWN', `The store of notifications does not know ${id}, or lost it.`),
  )
}

/** The refusal that a failure carries, for failures that {@link failureFromRefusal} made. */
export function refusalFromFailure(failure: ApplicationFailure): Refusal {
  const [details] = failure.details ?? []
  return new Refusal(failure.type ?? 'UNKNOWN', failure.message, (details ?? {}) as RefusalDetails)
}
