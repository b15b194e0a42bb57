import type { Logger } from 'pino'
import type { Application, PersonReader } from '../application/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { ReadModel } from '../projections/index.ts'
import { administrationOperations } from './administration/index.ts'
import { connectorOperations } from './connectors/index.ts'
import { downloadOperations } from './download.ts'
import { appVeyorOperation } from './integrations/app-veyor.ts'
import type { AnswerStore } from './kept-answers.ts'
import { linksFrom, type PublicUrl } from './links.ts'
import type { Operation } from './operation.ts'
import { certificateOperations } from './signing-policies/certificate.ts'
import { cryptokiOperation } from './signing-policies/cryptoki.ts'
import { announcedUploadOperations } from './signing-requests/announced-upload.ts'
import { canSubmitOperation } from './signing-requests/can-submit.ts'
import { decidingOperations } from './signing-requests/decide-requests.ts'
import type { DescribingDependencies } from './signing-requests/describe-requests.ts'
import { type StreamingDependencies, streamingOperations } from './signing-requests/event-streams.ts'
import { readingOperations } from './signing-requests/read-requests.ts'
import { resubmitOperation } from './signing-requests/resubmit.ts'
import { hashOperations } from './signing-requests/sign-hash.ts'
import { buildArtifactOperation } from './signing-requests/submit-build-artifact.ts'
import { linkOperations } from './signing-requests/submit-by-link.ts'
import { submissionOperations } from './signing-requests/submit-with-artifact.ts'
import { systemInfoOperations } from './system-info.ts'
import { uploadOperations } from './upload.ts'

/** What the HTTP API needs. */
export type RestOptions = {
  readonly application: Application
  readonly readModel: ReadModel
  /** What histories are folded from. */
  readonly log: Pick<EventLog, 'readStream'>
  /** Opens names for answers. */
  readonly persons: PersonReader
  /** Opens a plan of the artifact store. */
  readonly openPlan: DescribingDependencies['openPlan']
  /**
   * Where clients reach the service, without a slash at the end; or a function that says so once the service listens. Links are
   * made from it, and never from a request.
   */
  readonly publicUrl: PublicUrl
  /** The most bytes of one uploaded artifact; the artifact store has the same limit. */
  readonly maximumUploadSize: number
  /** Keeps answers for a day that a client may ask for again. */
  readonly secrets: AnswerStore
  readonly logger: Logger
}

/** The operations of the API: each family has a file of its own, and a line here. */
export function operationsOf(
  options: RestOptions,
  live: Pick<StreamingDependencies, 'authenticateAgain' | 'stopping' | 'waitingCalls' | 'watch'>,
): readonly Operation[] {
  const links = linksFrom(options.publicUrl)
  const following = { ...options, links, ...live }
  return [
    ...systemInfoOperations(),
    ...uploadOperations(options),
    canSubmitOperation(options),
    ...submissionOperations({ ...options, links }),
    ...hashOperations({ ...options, links }),
    ...linkOperations({ ...options, links }),
    appVeyorOperation({ ...options, links }),
    buildArtifactOperation({ ...options, links }),
    ...announcedUploadOperations({ ...options, links }),
    resubmitOperation({ ...options, links }),
    ...readingOperations(following),
    ...streamingOperations(following),
    ...decidingOperations({ ...options, links }),
    ...certificateOperations(options),
    cryptokiOperation(options),
    ...downloadOperations(options.application),
    ...administrationOperations(options),
    ...connectorOperations({ ...options, links }),
  ]
}
