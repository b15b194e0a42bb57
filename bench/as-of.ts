import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import {
  type GroupId,
  type OrganizationId,
  type ProjectId,
  type SigningRequestId,
  streams,
  type UserId,
} from '../domain/index.ts'
import { type EventLog, openSqliteEventLog } from '../event-log/index.ts'
import { entityAsOf } from '../projections/as-of.ts'
import { projections } from '../projections/catalogue.ts'
import { withFolder } from './folder.ts'
import { median } from './median.ts'
import { completedRequest, recordedAs } from './request-history.ts'

/** What the state of an entity as of a moment costs, against reading the events that it is folded from. */
export type AsOfFigures = {
  readonly kind: string
  readonly events: number
  /** Medians of processor time. */
  readonly foldMs: number
  readonly readMs: number
}

const organizationId = randomUUID() as OrganizationId

/** Measures entities of three kinds with so many events each; reading and folding take turns, of each the median counts. */
export async function measureAsOf(events = 10_000, rounds = 7): Promise<readonly AsOfFigures[]> {
  return withFolder(async (folder) => {
    const log = openSqliteEventLog({ path: join(folder, 'log.db') })
    try {
      const figures: AsOfFigures[] = []
      for (const [kind, history] of Object.entries(histories(events))) {
        const { streamId, id } = await write(log, history)
        const projection = projections[kind as keyof ReturnType<typeof histories>]
        const read: number[] = []
        const folded: number[] = []
        for (let round = 0; round < rounds; round += 1) {
          read.push(await cpuMs(() => readAllOf(log, streamId)))
          folded.push(await cpuMs(() => entityAsOf(log, projection, id, '9999-12-31T00:00:00.000Z')))
        }
        figures.push({ kind, events, readMs: median(read), foldMs: median(folded) })
      }
      return figures
    } finally {
      await log.close()
    }
  })
}

type Change = { readonly type: string; readonly data: object }
type History = { readonly streamId: string; readonly id: string; readonly events: readonly Change[] }

/** Entities that change often: a request that waits for its key, a project that is switched off and on, a group of ten people. */
function histories(count: number): Readonly<Record<'signingRequest' | 'project' | 'group', History>> {
  const requestId = randomUUID() as SigningRequestId
  const [submitted] = completedRequest(organizationId)
  if (submitted?.event.type !== 'SigningRequestSubmitted') throw new Error('A request begins with its submission.')
  const projectId = randomUUID() as ProjectId
  const groupId = randomUUID() as GroupId
  const users = Array.from({ length: 10 }, () => randomUUID() as UserId)
  const rest = <Made>(make: (number: number) => Made) =>
    Array.from({ length: count - 1 }, (_, index) => make(index + 1))
  return {
    signingRequest: {
      streamId: streams.signingRequest(requestId),
      id: requestId,
      events: [
        { ...submitted.event, data: { ...submitted.event.data, signingRequestId: requestId } },
        ...rest((number) => ({
          type: 'SigningRequestDelayed',
          data: {
            schemaVersion: 1,
            step: 'retrieveArtifact',
            code: 'ARTIFACT_STORE_UNAVAILABLE',
            message: `The store did not answer, for the ${number}th time.`,
            attempts: number,
            nextAttemptAt: new Date().toISOString(),
          },
        })),
      ],
    },
    project: {
      streamId: streams.project(projectId),
      id: projectId,
      events: [
        {
          type: 'ProjectCreated',
          data: {
            schemaVersion: 1,
            projectId,
            organizationId,
            slug: 'tool',
            name: 'Tool',
            description: null,
            repositoryUrl: null,
          },
        },
        ...rest((number) =>
          number % 2 === 1
            ? { type: 'ProjectDeactivated', data: { schemaVersion: 1, reason: `For the ${number}th time.` } }
            : { type: 'ProjectReactivated', data: { schemaVersion: 1 } },
        ),
      ],
    },
    group: {
      streamId: streams.group(groupId),
      id: groupId,
      events: [
        {
          type: 'GroupCreated',
          data: { schemaVersion: 1, groupId, organizationId, name: 'Release', description: null, members: users },
        },
        ...rest((number) => ({
          type: 'GroupMembersChanged',
          data: {
            schemaVersion: 1,
            added: number % 2 === 0 ? [users[number % 10]] : [],
            removed: number % 2 === 1 ? [users[(number + 1) % 10]] : [],
          },
        })),
      ],
    },
  }
}

async function write(log: EventLog, { streamId, id, events }: History): Promise<{ streamId: string; id: string }> {
  const together = 500
  for (let from = 0; from < events.length; from += together)
    await log.append(
      streamId,
      events
        .slice(from, from + together)
        .map((event) => recordedAs({ streamId, revision: 0, event } as never, organizationId)),
      from === 0 ? 'noStream' : from - 1,
    )
  return { streamId, id }
}

async function readAllOf(log: EventLog, streamId: string): Promise<void> {
  for await (const _ of log.readStream(streamId));
}

/** Processor time of a piece of work, in milliseconds. */
async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}
