import type {
  AppendSignature,
  AppendWitness,
  DomainEvent,
  EventMetadata,
  OrganizationId,
  ProcessKeyCertified,
} from '../domain/index.ts'
import { eventMetadata, streams } from '../domain/index.ts'
import { appendDecided } from './append-decided.ts'
import { addSignature, appendMessage, signedRoot, withoutSignature } from './append-message.ts'
import { witnessOf } from './append-signature.ts'
import { checkAppendTarget } from './check-arguments.ts'
import { digestTree } from './digest-tree.ts'
import {
  type Appended,
  type EventLog,
  EventLogError,
  type ExpectedRevision,
  type NewEvent,
  type RecordedEvent,
} from './event-log.ts'
import { prepareEvents } from './prepare.ts'
import { type SerialisedEvent, SignedEvent, serialiseEvents } from './serialise.ts'

/** The key that a process signs its appends with. */
export type AppendSigner = {
  readonly keyId: string
  /** What the installation says of the key. */
  readonly certification: ProcessKeyCertified['data']
  /** An Ed25519 signature (RFC 8032). */
  readonly sign: (message: Uint8Array) => Uint8Array
}

/** An append names at most so many earlier ones, so that it stays small after many appends at once. */
const maximumWitnesses = 16
/**
 * So many appends of the same moment share a signature. Each then carries five hashes besides, and costs a thirty-second of
 * what Ed25519 does.
 */
const maximumGroup = 32
/** What a signature, with all that it names, takes of an append at the most. */
const signatureBytes = 8 * 1024
/** How often a process that appends looks whether its key was revoked, in milliseconds. */
const keyLookMs = 5_000
/** An append that is ready but for its signature. */
type Waiting = {
  readonly message: string
  /** Gives it to the log. */
  readonly handOver: (path: string, value: string) => void
}

/** The organization of what belongs to none. */
const noOrganization = '00000000-0000-0000-0000-000000000000' as OrganizationId

/**
 * Wraps a log so that every append carries the signature of this process, in the metadata of its last event; reads pass
 * through. Before its first append the process records its key. It appends nothing once the key is revoked.
 *
 * A repeated append may be recognised by the log and keep the signature that it has there. Whatever an append names as
 * its predecessors therefore follows from ids alone.
 */
export function withSignatures(log: EventLog, signer: AppendSigner): EventLog {
  const { keyId } = signer
  /** What the log has answered and no later append names yet, oldest first. */
  const unwitnessed: AppendWitness[] = []
  const waiting: Waiting[] = []
  let recorded: Promise<void> | undefined
  let recordedAt = 0
  let unfinished = 0
  let finished: (() => void) | undefined
  let closing: Promise<void> | undefined

  function appendSigned(streamId: string, events: readonly NewEvent[], expected: ExpectedRevision): Promise<Appended> {
    const revision = expected === 'noStream' ? 0 : expected + 1
    const bare = events.map((event) =>
      event.metadata?.signature === undefined ? event : { ...event, metadata: withoutSignature(event.metadata) },
    )
    const written = serialiseEvents(bare, signatureBytes)
    const witnesses = unwitnessed.splice(0, maximumWitnesses)
    const message = appendMessage({ keyId, streamId, revision, witnesses }, written)

    return new Promise((resolve, reject) => {
      function refused(error: unknown): void {
        unwitnessed.unshift(...witnesses)
        reject(error)
      }
      function handOver(path: string, value: string): void {
        const signed = withSignature(bare, written, { keyId, revision, count: bare.length, witnesses, path, value })
        log.append(streamId, signed, expected).then((appended) => {
          const eventId = written.at(-1)?.id ?? ''
          unwitnessed.push(witnessOf({ streamId, revision: appended.revision, eventId }))
          resolve(appended)
        }, refused)
      }
      if (waiting.push({ message, handOver }) === 1) queueMicrotask(signWaiting)
    })
  }

  /** Signs what was appended at this moment, and hands it to the log in the order of the calls. */
  function signWaiting(): void {
    while (waiting.length > 0) {
      const group = waiting.splice(0, maximumGroup)
      const { root, paths } = digestTree(group.map(({ message }) => message))
      const value = Buffer.from(signer.sign(signedRoot(root))).toString('base64')
      for (const [index, { handOver }] of group.entries()) handOver(paths[index] ?? '', value)
    }
  }

  async function newest(streamId: string): Promise<RecordedEvent | undefined> {
    for await (const [event] of log.readStream(streamId, { direction: 'backwards', maxCount: 1 })) return event
    return undefined
  }

  /** Again when it failed, and every few seconds: the key may have been revoked. */
  function recordKey(): Promise<void> {
    if (recorded !== undefined && performance.now() - recordedAt < keyLookMs) return recorded
    recordedAt = performance.now()
    const recording = appendKey().catch((error: unknown) => {
      if (recorded === recording) recorded = undefined
      throw error
    })
    recorded = recording
    return recording
  }

  async function appendKey(): Promise<void> {
    const streamId = streams.processKey(keyId)
    const event: DomainEvent = { type: 'ProcessKeyCertified', data: signer.certification }
    await appendDecided(
      { append: appendSigned },
      async () => {
        const last = await newest(streamId)
        return { streamId, last, revision: last?.revision ?? ('noStream' as const) }
      },
      ({ last, revision }) => {
        if (last?.type === 'ProcessKeyRevoked')
          throw new EventLogError(
            'EVENT_LOG_ACCESS_DENIED',
            `The event key ${keyId} of this process was revoked at ${last.metadata.occurredAt}; what it appends nobody believes. Give the process a new key and start it again.`,
          )
        if (last?.data.signature === signer.certification.signature) return []
        return prepareEvents(streamId, revision, [event], keyMetadata(streamId))
      },
    )
  }

  async function append(
    streamId: string,
    events: readonly NewEvent[],
    expectedRevision: ExpectedRevision,
  ): Promise<Appended> {
    if (closing !== undefined) throw new EventLogError('EVENT_LOG_CLOSED', 'The event log was closed.')
    unfinished += 1
    try {
      checkAppendTarget(streamId, expectedRevision)
      await recordKey()
      return await appendSigned(streamId, events, expectedRevision)
    } finally {
      unfinished -= 1
      if (unfinished === 0) finished?.()
    }
  }

  async function close(): Promise<void> {
    if (unfinished > 0) await new Promise<void>((resolve) => (finished = resolve))
    await log.close()
  }

  return {
    append,
    readStream: (streamId, options) => log.readStream(streamId, options),
    lastRevisions: (streamIds) => log.lastRevisions(streamIds),
    readAll: (options) => log.readAll(options),
    subscribe: (options) => log.subscribe(options),
    head: () => log.head(),
    close() {
      closing ??= close()
      return closing
    },
  }
}

/** Events with the texts that are signed, the last one's metadata with the signature at its end. */
function withSignature(
  events: readonly NewEvent[],
  written: readonly SerialisedEvent[],
  signature: AppendSignature,
): readonly NewEvent[] {
  return written.map((texts, index) => {
    const event = events[index] as NewEvent
    if (index < written.length - 1) return new SignedEvent(event, texts)
    return new SignedEvent(event, { ...texts, metadata: addSignature(texts.metadata, signature) }, signature)
  })
}

function keyMetadata(streamId: string): EventMetadata {
  const initiator = { actor: { kind: 'system', component: 'setup' }, callId: streamId } as const
  return eventMetadata(initiator, { organizationId: noOrganization, occurredAt: new Date().toISOString() })
}
