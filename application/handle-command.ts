import {
  type ChangeProposalId,
  type Decider,
  type DomainEvent,
  type Instant,
  type Organization,
  organizationDecider,
  ruleChangedBy,
  streams,
} from '../domain/index.ts'
import { appendDecided, type EventLog, type LogPosition, prepareEvents } from '../event-log/index.ts'
import { initiatorOf, metadataFor, type Requester } from './caller.ts'
import { loadOwn } from './load.ts'
import { proposeChange } from './propose-change.ts'

/** What became of a command. */
export type Handled = {
  /** Where the log was when it was recorded. */
  readonly position: LogPosition
  /** The change that was proposed instead: it holds when others have approved it. */
  readonly changeProposalId?: ChangeProposalId
}

/**
 * Loads an aggregate, decides a command on it and appends what happens. When the stream moves on meanwhile the decision
 * is made anew. What belongs to another organization than the requester's is not there.
 *
 * Where the organization controls changes of the rule that the command changes, it is proposed instead: what was decided is
 * kept, and is appended when others have approved it.
 *
 * @throws Refusal as the decider does
 * @throws EventLogError when the log cannot be used
 */
export async function handleCommand<State, Command extends object, Event extends DomainEvent>(
  dependencies: { readonly log: EventLog; readonly now: () => Instant },
  requester: Requester,
  streamId: string,
  decider: Decider<State, Command, Event>,
  command: Command,
): Promise<Handled> {
  const { log, now } = dependencies
  const { actor } = initiatorOf(requester)
  let proposed: readonly Event[] = []
  const { known, appended } = await appendDecided(
    log,
    async () => {
      const [target, organization] = await Promise.all([
        loadOwn(log, streamId, decider, requester),
        loadOwn(log, streams.organization(requester.organizationId), organizationDecider, requester),
      ])
      return { streamId, ...target, organization: organization.state }
    },
    ({ state, revision, organization }) => {
      const events = decider.decide(command, state)
      const isControlled =
        controlOf(organization) !== null && events.some((each) => ruleChangedBy(each, { streamId, actor }))
      proposed = isControlled ? events : []
      return isControlled ? [] : prepareEvents(streamId, revision, events, metadataFor(requester, now()))
    },
  )
  if (appended !== undefined) return appended
  const control = controlOf(known.organization)
  if (control === null || proposed.length === 0)
    throw new Error(`The decider of ${streamId} decided that nothing happens.`)
  return proposeChange(dependencies, requester, { target: known, events: proposed, control })
}

function controlOf(organization: { readonly status: 'none' } | Organization): Organization['changeControl'] {
  return organization.status === 'none' ? null : organization.changeControl
}
