import { createPublicKey } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  administratorsDecider,
  apiTokenUseDecider,
  artifactConfigurationDecider,
  artifactConfigurationSlugDecider,
  buildActorUsersDecider,
  certificateDecider,
  changeProposalDecider,
  type Decider,
  type EventMetadata,
  fold,
  grantDecider,
  grantListDecider,
  groupDecider,
  keyDecider,
  organizationDecider,
  parseStreamName,
  processKeyDecider,
  projectDecider,
  projectSlugDecider,
  refusalFacts,
  type SecurityEvent,
  type StreamKind,
  signingPolicyDecider,
  signingPolicySlugDecider,
  signingRequestDecider,
  trustedBuildSystemDecider,
  trustedBuildSystemSlugDecider,
  userDecider,
  webHookDecider,
  webHookDeliveryDecider,
} from '../../../domain/index.ts'
import {
  createKeyRing,
  type EventLog,
  openSqliteEventLog,
  type RecordedEvent,
  readWholeStream,
  upcasters,
  withUpcasters,
} from '../../../event-log/index.ts'

/** An event as a log stored it: data and metadata are its bytes, as UTF-8. */
export type StoredExample = Pick<RecordedEvent, 'streamId' | 'revision' | 'id' | 'type'> & {
  readonly data: string
  readonly metadata: string
}

/** What a stream of the examples reads to. */
export type ReadExample = { readonly state: unknown; readonly metadata: readonly EventMetadata[] }

/** Where the examples are. `scripts/record-event-examples.ts` adds to them, and changes none. */
export const examplesFolder = join(import.meta.dirname, 'stored')

// biome-ignore lint/suspicious/noExplicitAny: what differs between kinds is their state and events
type AnyDecider = Decider<any, never, any>

/** Kinds of streams whose events are independent of each other: they make no state. */
export function hasNoState(kind: StreamKind): kind is 'security' | 'unusualActivity' {
  return kind === 'security' || kind === 'unusualActivity'
}

/** The deciders by kind of stream. */
export const deciders: Readonly<Record<Exclude<StreamKind, 'security' | 'unusualActivity'>, AnyDecider>> = {
  organization: organizationDecider,
  administrators: administratorsDecider,
  apiTokenUse: apiTokenUseDecider,
  buildActor: buildActorUsersDecider,
  user: userDecider,
  key: keyDecider,
  group: groupDecider,
  certificate: certificateDecider,
  project: projectDecider,
  signingPolicy: signingPolicyDecider,
  changeProposal: changeProposalDecider,
  grant: grantDecider,
  policyGrants: grantListDecider,
  signingRequest: signingRequestDecider,
  processKey: processKeyDecider,
  projectSlug: projectSlugDecider,
  signingPolicySlug: signingPolicySlugDecider,
  artifactConfiguration: artifactConfigurationDecider,
  artifactConfigurationSlug: artifactConfigurationSlugDecider,
  trustedBuildSystem: trustedBuildSystemDecider,
  trustedBuildSystemSlug: trustedBuildSystemSlugDecider,
  webHook: webHookDecider,
  webHookDelivery: webHookDeliveryDecider,
}

/** The stored examples, in the order of their log. */
export function storedExamples(): readonly StoredExample[] {
  return lines('events.jsonl').map((line) => JSON.parse(line))
}

/** What each stream of the stored examples must read to. */
export function expectedExamples(): Readonly<Record<string, ReadExample>> {
  return Object.fromEntries(lines('states.jsonl').map((line) => JSON.parse(line)))
}

/** The keys that certified the keys that the examples are signed with. */
export function exampleKeys(log: EventLog) {
  const pems = readFileSync(join(examplesFolder, 'installation-keys.pem'), 'utf8').split(
    /(?<=-----END PUBLIC KEY-----\n)/,
  )
  return createKeyRing(
    log,
    pems.map((pem) => createPublicKey(pem)),
  )
}

/** A log that holds examples, byte for byte; as it was written, without upcasters. */
export async function logOfExamples(path: string, examples: readonly StoredExample[]): Promise<EventLog> {
  await openSqliteEventLog({ path }).close()
  const database = new DatabaseSync(path)
  const insert = database.prepare(
    'INSERT INTO events (stream_id, revision, id, type, data, metadata) VALUES (?, ?, ?, ?, ?, ?)',
  )
  for (const { streamId, revision, id, type, data, metadata } of examples)
    insert.run(streamId, revision, id, type, data, metadata)
  database.close()
  return openSqliteEventLog({ path })
}

/** What the streams of a log read to, as the service reads them. */
export async function readExamples(
  log: EventLog,
  streamIds: Iterable<string>,
): Promise<Readonly<Record<string, ReadExample>>> {
  const upcast = withUpcasters(log, upcasters)
  const read: Record<string, ReadExample> = {}
  for (const streamId of streamIds) {
    const { events } = await readWholeStream(upcast, streamId)
    const metadata = events.map((event) => {
      const { signature: _, ...rest } = event.metadata
      return rest
    })
    read[streamId] = { state: stateOf(streamId, events), metadata }
  }
  return read
}

function stateOf(streamId: string, events: readonly RecordedEvent[]): unknown {
  const { kind } = parseStreamName(streamId) ?? {}
  if (kind === undefined) throw new Error(`${streamId} is no stream of the service.`)
  if (kind === 'unusualActivity') return events.map(({ data }) => data)
  if (hasNoState(kind))
    return events.map((event) => {
      const each = event as unknown as SecurityEvent
      return each.type === 'RefusalEventsReserved' ? each.data : refusalFacts(each)
    })
  return fold(deciders[kind], events)
}

function lines(name: string): readonly string[] {
  const path = join(examplesFolder, name)
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
}
