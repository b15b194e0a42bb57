import type { Instant, OrganizationId } from '../../domain/index.ts'
import type { EventLog, LogPosition } from '../event-log.ts'
import { isReadable, type LogEntry, readEverything } from '../log-entries.ts'
import { dataMember, endLine, headerLine, lineHash, metadataMember, placeText } from './form.ts'
import { organizationPart } from './organization-part.ts'

/** What to export. */
export type ExportRange = {
  /** Only what is of this organization, and the keys of the service's processes; the whole log without one. */
  readonly organizationId?: OrganizationId | undefined
  /** From this position on, the event there included; from the beginning without one. */
  readonly from?: LogPosition | undefined
  /** The present. */
  readonly now: Instant
}

/** Text of about so many characters is given at once. */
const chunkCharacters = 64 * 1024

/**
 * Exports a log as JSON Lines (one JSON text a line, UTF-8): a header, an event a line in the order of the log, and an end that
 * counts them. The texts are those that are stored, so that signatures can be checked with nothing else than the export and
 * the installation's public key (`docs/decisions/export.md` has the form). Reads no faster than it is read.
 *
 * @param log as it was written, without upcasters
 * @throws EventLogError; what was given until then has no end, and is noticed as cut
 */
export async function* exportLog(
  log: Pick<EventLog, 'readAll'>,
  { organizationId, from, now }: ExportRange,
): AsyncGenerator<Uint8Array> {
  const part = organizationId === undefined ? undefined : organizationPart(organizationId)
  let line = 1
  let previous = ''
  let pending = ''

  function add(text: string): void {
    pending += `${text}\n`
    previous = lineHash(text)
    line += 1
  }
  function taken(): Uint8Array {
    const chunk = Buffer.from(pending)
    pending = ''
    return chunk
  }

  add(
    headerLine({
      form: 'countersign-export',
      version: 1,
      organizationId: organizationId ?? null,
      from: from ?? null,
      exportedAt: now,
    }),
  )
  let events = 0
  for await (const entries of readEverything(log, from === undefined ? {} : { from })) {
    for (const entry of entries) {
      if (part?.has(entry) === false) continue
      add(eventLine({ line, previous }, entry, part?.metadataOf(entry)))
      events += 1
      if (pending.length >= chunkCharacters) yield taken()
    }
    // Of a large log little may be wanted; what is there goes out with each batch, so that nobody waits for it.
    if (pending.length > 0) yield taken()
  }
  if (pending.length > 0) yield taken()
  yield Buffer.from(`${endLine({ line, previous }, { events })}\n`)
}

function eventLine(
  link: { readonly line: number; readonly previous: string },
  entry: LogEntry,
  metadataInstead: string | undefined,
): string {
  const { position, streamId, revision, id, type, stored } = entry
  const place = { position, streamId, revision, id, type }
  if (isReadable(entry)) {
    const data = stored.data.text
    const metadata = metadataInstead ?? stored.metadata.text
    if (isOneLine(data) && isOneLine(metadata)) {
      const dataBytes = Buffer.byteLength(data)
      const metadataBytes = Buffer.byteLength(metadata)
      const head = placeText(link, { ...place, encoding: 'json', dataBytes, metadataBytes })
      return `${head}${dataMember}${data}${metadataMember}${metadata}}`
    }
  }
  const data = base64(stored.data.bytes)
  const metadata = base64(metadataInstead === undefined ? stored.metadata.bytes : Buffer.from(metadataInstead))
  const sizes = { dataBytes: data.length, metadataBytes: metadata.length }
  return `${placeText(link, { ...place, encoding: 'base64', ...sizes })}${dataMember}${data}${metadataMember}${metadata}}`
}

function isOneLine(text: string): boolean {
  return !text.includes('\n') && !text.includes('\r')
}

function base64(bytes: Uint8Array): string {
  return `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}"`
}
