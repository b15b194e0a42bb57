import fc from 'fast-check'
import { type DomainEvent, type EventMetadata, Refusal, streams } from '../../../domain/index.ts'
import { type EventLog, prepareEvents, readWholeStream } from '../../../event-log/index.ts'
import { type AnyDecider, choose } from './choose.ts'
import { pick, randomOrganization, uuid } from './values.ts'

export { randomOrganization } from './values.ts'

/** Three numbers that choose an entity, a command and its details. */
export type Move = readonly [entity: number, command: number, detail: number]

// Without fast-check's inclination to small numbers: it would leave most entities alone.
const anyNumber = fc.noBias(fc.nat())

/** Any history: whatever the deciders refuse does not happen. */
export const anyMoves = (maxLength: number): fc.Arbitrary<readonly Move[]> =>
  fc.array(fc.tuple(anyNumber, anyNumber, anyNumber), { minLength: Math.floor(maxLength / 2), maxLength, size: 'max' })

/**
 * Lets moves happen: each is decided on its stream as it is, and appended.
 *
 * @param pace waits before each move, which it is given the number of
 */
export async function play(
  log: EventLog,
  moves: readonly Move[],
  pace: (move: number) => unknown = () => undefined,
): Promise<void> {
  const states = new Map<string, { state: unknown; revision: number | 'noStream' }>()
  let clock = Date.parse('2026-01-01T00:00:00.000Z')
  for (const [number, [entity, command, detail]] of moves.entries()) {
    await pace(number)
    clock += 1 + (detail % 5_000)
    const at = new Date(clock).toISOString()
    const metadata: EventMetadata = {
      schemaVersion: 1,
      organizationId: randomOrganization,
      actor:
        detail % 3 === 0
          ? { kind: 'system', component: 'workflow' }
          : {
              kind: 'user',
              userId: uuid('1', detail % 4),
              authentication: { method: 'apiToken', tokenId: uuid('7', detail % 4) },
            },
      ...(detail % 2 === 0 ? { remoteAddress: '192.0.2.1' } : {}),
      correlationId: uuid('8', clock % 1_000_000_007),
      causationId: uuid('9', clock % 1_000_000_007),
      occurredAt: at,
    }
    if (entity % 13 === 0) {
      await refusal(log, metadata, detail)
      continue
    }
    const { aggregate, id, commands } = choose(entity, detail, at)
    const streamId = aggregate.stream(id)
    const { state, revision } = states.get(streamId) ?? {
      state: aggregate.decider.initialState(),
      revision: 'noStream' as const,
    }
    // Three of four times the next command that may happen does; else the one that was chosen, or nothing.
    const tries = command % 4 === 0 ? 1 : commands.length
    let events: readonly DomainEvent[] = []
    for (let offset = 0; offset < tries && events.length === 0; offset += 1)
      events = decided(aggregate.decider, pick(commands, command + offset), state)
    if (events.length === 0) continue
    const appended = await log.append(streamId, prepareEvents(streamId, revision, events, metadata), revision)
    states.set(streamId, { state: events.reduce(aggregate.decider.evolve, state), revision: appended.revision })
  }
}

function decided(decider: AnyDecider, command: unknown, state: unknown): readonly DomainEvent[] {
  try {
    return decider.decide(command, state)
  } catch (error) {
    if (error instanceof Refusal) return []
    throw error
  }
}

async function refusal(log: EventLog, metadata: EventMetadata, detail: number): Promise<void> {
  const { occurredAt } = metadata
  const data = {
    schemaVersion: 1,
    code: 'TOKEN_INVALID',
    commands: ['authenticate'],
    subject: detail % 2 === 0 ? null : uuid('6', detail % 9),
    count: 1 + (detail % 4),
    firstAt: occurredAt,
    lastAt: occurredAt,
  }
  const streamId = streams.security(randomOrganization, occurredAt)
  const { revision } = await readWholeStream(log, streamId)
  const events = prepareEvents(streamId, revision, [{ type: 'CommandRefused', data }], metadata)
  await log.append(streamId, events, revision)
}
