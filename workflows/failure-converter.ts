import { DefaultFailureConverter } from '@temporalio/common'

/** Moves error texts and stack traces into payloads, so that the payload codec encrypts them too. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true })
