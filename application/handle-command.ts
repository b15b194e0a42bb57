import {
  type ChangeProposalId,
  controlInForce,
  type Decider,
  type DomainEvent,
  type Instant,
  organizationDecider,
  parseStreamName,
  Refusal,
  ruleChangedBy,
  type SigningPolicyState,
  streams,
} from '../domain/index.ts'
import { appendDecided, type EventLog, type LogPosition, prepareEvents, type WholeStream } from '../event-log/index.ts'
import { initiatorOf, metadataFor, type Requester } from './caller.ts'
import { keepAdministrator } from './keep-administrator.ts'
import { loadOwn } from './load.ts'
import type { AdministratorIndex } from './ports.ts'
import { proposeChange } from './propose-change.ts'

/** What became of a command. */
export type Handled = {
  /** Where the log was when it was recorded. */
  readonly position: LogPosition
  /** The change that was proposed instead: it holds when others have approved it. */
  readonly changeProposalId?: ChangeProposalId
}

/** What a change was made of. */
export type BasedOn = {
  /**
   * The revision of the entity's newest event that the requester had seen; left out by who does not care what happened
   * since.
   */
  readonly basedOnRevision?: number | null
}

/**
 * Loads an aggregate, decides a command on it and appends what happens. When the stream moves on meanwhile the decision
 * is made anew. What belongs to another organization than the requester's is not there.
 *
 * Where the organization, or the signing policy itself, controls changes of the rule that the command changes, it is proposed
 * instead: what was decided is kept, and is appended when others have approved it.
 *
 * @throws Refusal as the decider does; `LAST_ADMINISTRATOR`; `CHANGE_STALE` when more has happened than the requester had seen
 * @throws EventLogError when the log cannot be used
 */
export async function handleCommand<State, Command extends object, Event extends DomainEvent>(
  dependencies: {
    readonly log: EventLog
    readonly now: () => Instant
    readonly administrators?: AdministratorIndex
  },
  requester: Requester,
  streamId: string,
  decider: Decider<State, Command, Event>,
  command: Command,
  { basedOnRevision = null }: BasedOn = {},
): Promise<Handled> {
  const { log, now } = dependencies
  const { actor } = initiatorOf(requester)
  const { known, appended } = await appendDecided(
    log,
    async () => {
      const [{ state, revision }, organization] = await Promise.all([
        loadOwn(log, streamId, decider, requester),
        loadOwn(log, streams.organization(requester.organizationId), organizationDecider, requester),
      ])
      refuseStale(revision, basedOnRevision)
      const events = decider.decide(command, state)
      const isControlled = events.some((each) => ruleChangedBy(each, { streamId, actor }))
      const control = isControlled ? controlInForce(organization.state, policyOf(streamId, state)) : null
      if (control === null) await keepAdministrator(dependencies, requester, { streamId, revision, events })
      return { streamId, revision, events, control }
    },
    ({ revision, events, control }) =>
      control === null ? prepareEvents(streamId, revision, events, metadataFor(requester, now())) : [],
  )
  if (appended !== undefined) return appended
  const { events, control } = known
  if (control === null) throw new Error(`The decider of ${streamId} decided that nothing happens.`)
  return proposeChange(dependencies, requester, { target: known, events, control })
}

/** What is not there at all, the decider refuses. @throws Refusal `CHANGE_STALE` */
function refuseStale(revision: WholeStream['revision'], basedOnRevision: number | null): void {
  if (basedOnRevision === null || revision === 'noStream' || basedOnRevision === revision) return
  throw new Refusal(
    'CHANGE_STALE',
    `The change was made from revision ${basedOnRevision}, and there is revision ${revision} by now. Look at it again, and make the change anew.`,
    { basedOnRevision, currentRevision: revision },
  )
}

/** The signing policy that a stream is of. */
function policyOf(streamId: string, state: unknown): SigningPolicyState | undefined {
  return parseStreamName(streamId)?.kind === 'signingPolicy' ? (state as SigningPolicyState) : undefined
}
