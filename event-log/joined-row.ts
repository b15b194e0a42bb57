import type { AppendSignature, AppendWitness, EventMetadata } from '../domain/index.ts'
import { isPathOfLinks } from './digest-tree.ts'
import type { LogPosition, RecordedEvent } from './event-log.ts'
import type { LogEntry } from './log-entries.ts'
import { type AnyRow, entryOf, type StoredRow } from './stored-row.ts'
import { type StoredForm, StoredText } from './stored-text.ts'

/**
 * A row as one text: position, stream, revision, id, type, data and metadata, parted by line feeds, of which no part has any. One
 * text is read, and given to another thread, in a fraction of the time that its parts take, and what was signed of an event is
 * a piece of it.
 */
type JoinedRow = string

/** Where the parts of a joined row begin. */
type Places = {
  readonly streamAt: number
  readonly revisionAt: number
  readonly idAt: number
  readonly typeAt: number
  readonly dataAt: number
  readonly metadataAt: number
}

/** Whether a text is a joined row: it has seven parts, and the revision is spelled as whole numbers are. */
export function isJoinedRow(text: string): text is JoinedRow {
  const { revisionAt, idAt, metadataAt } = placesIn(text)
  if (metadataAt === 0 || text.indexOf('\n', metadataAt) !== -1) return false
  return wholeNumber.test(text.slice(revisionAt, idAt - 1))
}

/** The parts of a row. */
export function partsOf(row: AnyRow): StoredRow {
  if (typeof row !== 'string') return row
  const { streamAt, revisionAt, idAt, typeAt, dataAt, metadataAt } = placesIn(row)
  const place = copyOf(row.slice(0, revisionAt - 1))
  return [
    place.slice(0, streamAt - 1) as LogPosition,
    place.slice(streamAt),
    Number(row.slice(revisionAt, idAt - 1)),
    row.slice(idAt, typeAt - 1),
    row.slice(typeAt, dataAt - 1),
    row.slice(dataAt, metadataAt - 1),
    row.slice(metadataAt),
  ]
}

/** How much memory a row takes, about: the characters of data and metadata. */
export function charactersOf(row: AnyRow): number {
  return typeof row === 'string' ? row.length : row[5].length + row[6].length
}

/**
 * The event of a row for somebody who only wants to know what was signed. Of metadata in the form in which the service writes it
 * there are `occurredAt` and `signature` only; whether it is JSON, and whether data is, shows when that is parsed.
 */
export function unparsedEntryOf(row: AnyRow): LogEntry {
  if (typeof row !== 'string') return entryOf(row)
  const places = placesIn(row)
  const tail = tailOf(row, places.metadataAt)
  return tail === undefined ? entryOf(partsOf(row)) : new UnparsedEvent(row, places, tail)
}

/** How metadata of the last event of an append ends. */
type Tail = { readonly signatureAt: number; readonly occurredAt: string; readonly signature: AppendSignature }

/** An event of which only what was signed was read. */
export class UnparsedEvent implements RecordedEvent {
  readonly #row: string
  readonly #dataAt: number
  readonly #metadataAt: number
  readonly id: string
  readonly type: string
  readonly streamId: string
  readonly revision: number
  readonly position: LogPosition
  readonly metadata: EventMetadata
  /** Id, type, data, and metadata without the signature, a line each: what was signed of it. */
  readonly signedLines: string
  /** The signature, whose form is right. */
  readonly signature: AppendSignature

  constructor(row: string, places: Places, { signatureAt, occurredAt, signature }: Tail) {
    const { streamAt, revisionAt, idAt, typeAt, dataAt, metadataAt } = places
    this.#row = row
    this.#dataAt = dataAt
    this.#metadataAt = metadataAt
    this.id = row.slice(idAt, typeAt - 1)
    this.type = row.slice(typeAt, dataAt - 1)
    const place = copyOf(row.slice(0, revisionAt - 1))
    this.streamId = place.slice(streamAt)
    this.revision = Number(row.slice(revisionAt, idAt - 1))
    this.position = place.slice(0, streamAt - 1) as LogPosition
    this.metadata = { occurredAt, signature } as unknown as EventMetadata
    this.signedLines = `${row.slice(idAt, signatureAt)}}`
    this.signature = signature
  }

  get data(): RecordedEvent['data'] {
    return this.#parsed().data
  }

  get stored(): StoredForm {
    return {
      data: new StoredText(this.#row.slice(this.#dataAt, this.#metadataAt - 1)),
      metadata: new StoredText(this.#row.slice(this.#metadataAt)),
    }
  }

  #parsed(): RecordedEvent {
    return entryOf(partsOf(this.#row)) as RecordedEvent
  }
}

/**
 * The same text, of letters of its own: a piece of a row keeps all of the row in memory, and positions and names of streams are kept
 * long after it. A text is copied when another one is put behind it and it is then looked into.
 */
function copyOf(piece: string): string {
  const copy = `${piece}\n`
  copy.charCodeAt(0)
  return copy.slice(0, -1)
}

function placesIn(row: string): Places {
  const streamAt = row.indexOf('\n') + 1
  const revisionAt = row.indexOf('\n', streamAt) + 1
  const idAt = row.indexOf('\n', revisionAt) + 1
  const typeAt = row.indexOf('\n', idAt) + 1
  const dataAt = row.indexOf('\n', typeAt) + 1
  // Where one is missing, the search begins anew, and the last one is not behind the others.
  const metadataAt = row.indexOf('\n', dataAt) + 1
  const isInOrder = streamAt > 0 && streamAt < revisionAt && revisionAt < idAt && idAt < typeAt && typeAt < dataAt
  return { streamAt, revisionAt, idAt, typeAt, dataAt, metadataAt: isInOrder && dataAt < metadataAt ? metadataAt : 0 }
}

const wholeNumber = /^(0|[1-9]\d{0,14})$/
const startOfSignature = ',"signature":{"keyId":"'
/** From the beginning of `occurredAt`, which is written as `Date` writes it, to that of the signature. */
const timeLength = ',"occurredAt":"2026-01-01T00:00:00.000Z"'.length
/** How `addSignature` ends metadata, behind the time of an event. */
const tailForm =
  /,"occurredAt":"([\d:.TZ-]{24})","signature":\{"keyId":"([0-9a-f]{32})","revision":(0|[1-9]\d{0,14}),"count":([1-9]\d{0,14}),"witnesses":\[([^\]]*)\],"path":"([\w-]*)","value":"([\w+/=]*)"\}\}$/y
/** A witness in the one spelling that it has as JSON, and of those that `asSignature` takes: no separator of lines stands in them. */
const witnessForm = /^(?:0|[1-9]\d{0,14}) [0-9a-f-]{36} [^"\\\p{Cc}\p{Zl}\p{Zp}]+$/u

/**
 * Reads the end of metadata whose last two members are the time and the signature in the one form in which the service writes
 * them: in a text that is JSON both are then what stands there, whatever stands before. `undefined` for any other text.
 */
function tailOf(row: string, metadataAt: number): Tail | undefined {
  // The first: another one before the end is part of no form that is known here.
  const signatureAt = row.indexOf(startOfSignature, metadataAt)
  if (signatureAt - timeLength <= metadataAt) return undefined
  tailForm.lastIndex = signatureAt - timeLength
  const found = tailForm.exec(row)
  if (found === null) return undefined
  const [, occurredAt, keyId, revision, count, named, path, value] = found as unknown as string[]
  const witnesses = witnessesIn(named as string)
  if (witnesses === undefined || !isPathOfLinks(path as string)) return undefined
  const signature = { keyId, revision: Number(revision), count: Number(count), witnesses, path, value }
  return { signatureAt, occurredAt: occurredAt as string, signature: signature as AppendSignature }
}

function witnessesIn(named: string): readonly AppendWitness[] | undefined {
  if (named === '') return []
  if (!named.startsWith('"') || !named.endsWith('"')) return undefined
  const witnesses = named.slice(1, -1).split('","')
  return witnesses.every((witness) => witnessForm.test(witness)) ? (witnesses as AppendWitness[]) : undefined
}
