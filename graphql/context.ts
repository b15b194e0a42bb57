import type { Application, Caller, PersonReader } from '../application/index.ts'
import type {
  Instant,
  PagedDocument,
  PlanNode,
  PlanWording,
  RecordedDocument,
  SignedFile,
  SigningPlan,
  Source,
} from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { WaitingCalls } from '../http/index.ts'
import type { ReadModel } from '../projections/index.ts'

/** What every resolver of one operation may use. */
export type GraphQLContext = {
  /** Replaced when a subscription finds out again who the caller is. */
  caller: Caller
  readonly application: Application
  /** That of the moment, where a query asks as of one. */
  readonly readModel: ReadModel
  /** What queries as of a moment are folded from. */
  readonly log: Pick<EventLog, 'readStream'>
  /** As of which moment is answered; now without one. */
  readonly moment?: Instant
  /** Opens the names and addresses that the read model holds sealed. */
  readonly persons: PersonReader
  /** Opens a signing plan of the artifact store. */
  readonly openPlan: (reference: RecordedDocument) => Promise<PagedDocument<SigningPlan, PlanNode>>
  /** Opens the manifest of what was signed. */
  readonly openManifest: (reference: RecordedDocument) => Promise<PagedDocument<unknown, SignedFile>>
  /** What people call what plans name. */
  readonly planWording: PlanWording
  /** What people are shown of an artifact's source besides file name, digest and size. */
  readonly describeSource: (source: Source) => Readonly<Record<string, string>>
  /** Where clients reach the service, without a slash at the end. */
  readonly publicUrl: string
  /** How long a query or a mutation's answer waits for the read model, in milliseconds. */
  readonly readModelTimeoutMs: number
  /**
   * Finds out again who the caller is; what lasts asks again and again.
   *
   * @throws Refusal as `Application.authenticate` does, when the token does not work any more
   */
  readonly authenticateAgain: () => Promise<Caller>
  /** Counts subscriptions, with whatever else waits for events. */
  readonly waitingCalls: WaitingCalls
  /** Aborted when the service stops: subscriptions end. */
  readonly stopping: AbortSignal
}
