import { hash as digest } from 'node:crypto'
import type { AppendSignature, AppendWitness, ConcealedWitness, EventMetadata } from '../domain/index.ts'
import type { RecordedEvent } from './event-log.ts'
import type { SerialisedEvent } from './serialise.ts'

/** What a signature says besides its value. */
export type SignedPlace = Omit<AppendSignature, 'value' | 'count' | 'path'> & { readonly streamId: string }

/**
 * What the signature of an append is over: UTF-8 lines, parted by line feeds, none at the end.
 *
 *     countersign append v1
 *     <key id>
 *     <stream id>
 *     <revision of the first event>
 *     <SHA-256 of each witness, base64url, parted by commas>
 *     <id>, <type>, <data>, <metadata> of each event, a line each
 *
 * Data and metadata are the JSON texts as they are stored, the last event's metadata without its last member, `signature`.
 * JSON texts, names and ids have no line feeds, so no two appends have the same bytes. Of witnesses only hashes are signed: so
 * an export of one organization can keep back which events of others they are ({@link concealedWitness}).
 */
export function appendMessage(place: SignedPlace, events: readonly SerialisedEvent[]): string {
  return messageOfLines(place, events.map(linesOf).join('\n'))
}

/** The lines of an event in the message of its append. */
export function linesOf({ id, type, data, metadata }: SerialisedEvent): string {
  return `${id}\n${type}\n${data}\n${metadata}`
}

/** The message of an append whose events have these lines. */
export function messageOfLines({ keyId, streamId, revision, witnesses }: SignedPlace, lines: string): string {
  const hashes = witnesses.length === 0 ? '' : witnesses.map(witnessHash).join(',')
  return `countersign append v1\n${keyId}\n${streamId}\n${revision}\n${hashes}\n${lines}`
}

/** What stands for a witness where it is not to be told: a hash sign and its SHA-256, base64url. It signs the same. */
export function concealedWitness(witness: AppendWitness | ConcealedWitness): ConcealedWitness {
  return `#${witnessHash(witness)}`
}

/** Whether a witness is told. */
export function isTold(witness: AppendWitness | ConcealedWitness): witness is AppendWitness {
  return !witness.startsWith('#')
}

function witnessHash(witness: AppendWitness | ConcealedWitness): string {
  return !isTold(witness) ? witness.slice(1) : digest('sha256', witness, 'base64url')
}

/**
 * The bytes that are signed for appends that were made at the same moment: a line that says what it is, and the root of the
 * tree (`digest-tree.ts`) over their messages, base64url. An append that was made alone is a tree by itself.
 */
export function signedRoot(root: string): Buffer {
  return Buffer.from(`countersign appends v1\n${root}`)
}

/**
 * The texts of an event that were signed: those that are stored, the metadata without the signature at its end.
 *
 * @param signature of an event that has one
 * @returns `undefined` when the signature is not the last member of the metadata, written as {@link addSignature} writes it
 */
export function signedTexts(event: RecordedEvent, signature?: AppendSignature): SerialisedEvent | undefined {
  const { id, type, stored } = event
  const data = stored.data.text
  const metadata = stored.metadata.text
  if (signature === undefined) return { id, type, data, metadata }
  const member = `${signatureMember(signature)}}`
  const before = metadata.length - member.length - 1
  if (!metadata.endsWith(member) || before < 0) return undefined
  if (before === 0 && metadata.startsWith('{')) return { id, type, data, metadata: '{}' }
  return metadata[before] === ',' ? { id, type, data, metadata: `${metadata.slice(0, before)}}` } : undefined
}

/** The text of metadata with a signature as its last member, as `JSON.stringify` would write it. */
export function addSignature(metadata: string, signature: AppendSignature): string {
  const separator = metadata === '{}' ? '' : ','
  return `${metadata.slice(0, -1)}${separator}${signatureMember(signature)}}`
}

/** Written out: it is in every append, and `JSON.stringify` would take longer than the hash. */
function signatureMember({ keyId, revision, count, witnesses, path, value }: AppendSignature): string {
  return `"signature":{"keyId":"${keyId}","revision":${revision},"count":${count},"witnesses":${JSON.stringify(witnesses)},"path":"${path}","value":"${value}"}`
}

/** Metadata as it is signed. */
export function withoutSignature(metadata: EventMetadata): Omit<EventMetadata, 'signature'> {
  const { signature: _, ...signed } = metadata
  return signed
}
