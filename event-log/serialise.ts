import type { AppendSignature, EventMetadata } from '../domain/index.ts'
import { EventLogError, maximumAppendBytes, type NewEvent } from './event-log.ts'

/** A checked event in the form that both logs write. */
export type SerialisedEvent = {
  /** UUID in lower case. */
  readonly id: string
  readonly type: string
  /** JSON text of an object. */
  readonly data: string
  /** JSON text of an object. */
  readonly metadata: string
}

/**
 * An event with the texts that were signed: a log stores those, instead of making its own. A copy of it is an event like
 * any other.
 */
export class SignedEvent implements NewEvent {
  readonly id: string
  readonly type: string
  readonly data: object
  readonly #metadata: EventMetadata
  readonly #signature: AppendSignature | undefined
  readonly #texts: SerialisedEvent

  /** @param signature stands in the texts already; of the last event of an append */
  constructor(event: NewEvent, texts: SerialisedEvent, signature?: AppendSignature) {
    this.id = texts.id
    this.type = texts.type
    this.data = event.data
    this.#metadata = event.metadata
    this.#signature = signature
    this.#texts = texts
  }

  get metadata(): EventMetadata {
    return this.#signature === undefined ? this.#metadata : { ...this.#metadata, signature: this.#signature }
  }

  /** The texts of an event that has some. */
  static textsOf(event: NewEvent): SerialisedEvent | undefined {
    return #texts in event ? event.#texts : undefined
  }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
/** EventStoreDB refuses it, so no log takes it. */
const nilUuid = '00000000-0000-0000-0000-000000000000'
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const controlCharacter = /[\u0000-\u001f\u007f]/

/**
 * Checks the events of one append and writes their JSON. Both logs call it first, so what one takes the other takes.
 *
 * @param reservedBytes of {@link maximumAppendBytes} to be left for what is still to be added
 * @throws EventLogError `EVENT_LOG_EVENT_INVALID`, naming the event by its place in the append
 */
export function serialiseEvents(events: readonly NewEvent[], reservedBytes = 0): readonly SerialisedEvent[] {
  if (events.length === 0) throw invalid('An append needs at least one event.')
  const signed = events.map(SignedEvent.textsOf).filter((texts) => texts !== undefined)
  // They were checked before they were signed.
  if (signed.length === events.length) return signed
  const ids = new Set<string>()
  const serialised = events.map((event, index) => {
    const where = `Event ${index + 1} of ${events.length}`
    const id = typeof event.id === 'string' ? event.id.toLowerCase() : ''
    if (!uuid.test(id) || id === nilUuid)
      throw invalid(`${where}: the id must be a UUID other than nil; got ${JSON.stringify(event.id)?.slice(0, 60)}.`)
    if (ids.has(id)) throw invalid(`${where}: the id ${id} occurs twice in one append.`)
    ids.add(id)
    if (!isName(event.type))
      throw invalid(`${where} (${id}): the type must be text that is not empty and does not begin with $.`)
    return {
      id,
      type: event.type,
      data: jsonObject(event.data, `${where} (${event.type}, ${id}): data`),
      metadata: jsonObject(event.metadata, `${where} (${event.type}, ${id}): metadata`),
    }
  })
  const bytes = serialised.reduce((sum, event) => sum + sizeOf(event), 0)
  if (bytes > maximumAppendBytes - reservedBytes)
    throw invalid(
      `An append may have ${maximumAppendBytes - reservedBytes} bytes; this one (${serialised[0]?.type}, ${serialised[0]?.id}) has ${bytes}.`,
    )
  return serialised
}

function sizeOf({ type, data, metadata }: SerialisedEvent): number {
  return 2 * type.length + Buffer.byteLength(data) + Buffer.byteLength(metadata)
}

/** Whether the text can name a stream or an event type: not empty, not the server's (`$`), and the same after storing. */
export function isName(text: unknown): text is string {
  return (
    typeof text === 'string' &&
    text.length > 0 &&
    !text.startsWith('$') &&
    text.isWellFormed() &&
    !controlCharacter.test(text)
  )
}

/** Whether a parsed JSON value is an object, as data and metadata must be. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function jsonObject(value: unknown, what: string): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    throw new EventLogError('EVENT_LOG_EVENT_INVALID', `${what} cannot be written as JSON.`, { cause })
  }
  // The text decides, not the value: a Date is an object that JSON writes as a string.
  if (text?.startsWith('{') !== true) throw invalid(`${what} must be a JSON object.`)
  return text
}

function invalid(message: string): EventLogError {
  return new EventLogError('EVENT_LOG_EVENT_INVALID', message)
}
