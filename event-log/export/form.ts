import { hash as digest } from 'node:crypto'
import { z } from 'zod'
import type { OrganizationId } from '../../domain/index.ts'
import type { LogPosition } from '../event-log.ts'

/** What the first line of an export says. */
export type ExportHeader = {
  readonly form: 'countersign-export'
  /** Raised by every change that readers of the one before would not understand. */
  readonly version: 1
  /** Whose events it has; `null` for the whole log. */
  readonly organizationId: OrganizationId | null
  /** The position it begins at, the event there included; `null` for the beginning of the log. */
  readonly from: LogPosition | null
  /** By the clock of whoever exported. */
  readonly exportedAt: string
}

/** Where an event stands, and in which form its line has its texts. */
export type ExportedPlace = {
  /** Text, as the log has it: numbers of some logs are above 2^53 (RFC 7493 §2.2). */
  readonly position: LogPosition
  readonly streamId: string
  readonly revision: number
  readonly id: string
  readonly type: string
  /**
   * `json`: data and metadata stand in the line as they are stored, byte for byte, and are JSON objects. `base64`: they are
   * strings with the stored bytes in base64, since they are no JSON objects, or have line breaks.
   */
  readonly encoding: 'json' | 'base64'
  /** How many bytes of the line data and metadata take, in UTF-8. */
  readonly dataBytes: number
  readonly metadataBytes: number
}

/** What the last line of an export says. The hash in its link is one over the whole, since each line has that of the one before. */
export type ExportEnd = {
  /** How many events there are. */
  readonly events: number
}

/** What links a line with the one before: its number from 1, and SHA-256 of that line without its line feed, hexadecimal. */
export type LineLink = { readonly line: number; readonly previous: string }

/** No line has more bytes: an append of the service has a mebibyte, what others wrote into a store sixteen. */
export const maximumLineBytes = 32 * 1024 * 1024

const hex = z.string().regex(/^[0-9a-f]{64}$/)
const count = z.int().min(0)

const headerForm = z.strictObject({
  line: z.literal(1),
  form: z.literal('countersign-export'),
  version: z.int(),
  organizationId: z.string().nullable(),
  from: z.string().nullable(),
  exportedAt: z.string(),
})
const placeForm = z.strictObject({
  line: count,
  previous: hex,
  position: z.string(),
  streamId: z.string(),
  revision: count,
  id: z.string(),
  type: z.string(),
  encoding: z.enum(['json', 'base64']),
  dataBytes: count,
  metadataBytes: count,
})
const endForm = z.strictObject({ line: count, previous: hex, end: z.literal(true), events: count })

/** What stands between the places of an event and its data, and between its data and its metadata. */
export const dataMember = ',"data":'
export const metadataMember = ',"metadata":'

/** SHA-256 of a line without its line feed, as the next line names it. */
export function lineHash(line: string | Uint8Array): string {
  return digest('sha256', line, 'hex')
}

/** The first line, without its line feed. */
export function headerLine({ form, version, organizationId, from, exportedAt }: ExportHeader): string {
  return JSON.stringify({ line: 1, form, version, organizationId, from, exportedAt })
}

/** An event's line up to its data, without the brace that would close it. */
export function placeText(link: LineLink, place: ExportedPlace): string {
  const { position, streamId, revision, id, type, encoding, dataBytes, metadataBytes } = place
  return `{"line":${link.line},"previous":"${link.previous}","position":${JSON.stringify(position)},"streamId":${JSON.stringify(streamId)},"revision":${revision},"id":${JSON.stringify(id)},"type":${JSON.stringify(type)},"encoding":"${encoding}","dataBytes":${dataBytes},"metadataBytes":${metadataBytes}`
}

/** The last line, without its line feed. */
export function endLine({ line, previous }: LineLink, { events }: ExportEnd): string {
  return JSON.stringify({ line, previous, end: true, events })
}

/**
 * Reads what {@link headerLine} wrote; `undefined` for anything else. Every line has one spelling: what parses to the same
 * and is spelled otherwise, with a member that stands twice for example, is not it.
 */
export function readHeader(text: string): ExportHeader | undefined {
  const parsed = headerForm.safeParse(parsedJson(text)).data
  if (parsed === undefined) return undefined
  const header = parsed as unknown as ExportHeader
  return headerLine(header) === text ? header : undefined
}

/** Reads what {@link placeText} wrote; `undefined` for anything else. */
export function readPlace(text: string): (LineLink & ExportedPlace) | undefined {
  const parsed = placeForm.safeParse(parsedJson(`${text}}`)).data
  if (parsed === undefined) return undefined
  const place = parsed as LineLink & ExportedPlace
  return placeText(place, place) === text ? place : undefined
}

/** Reads what {@link endLine} wrote; `undefined` for anything else. */
export function readEnd(text: string): (LineLink & ExportEnd) | undefined {
  const parsed = endForm.safeParse(parsedJson(text)).data
  if (parsed === undefined) return undefined
  return endLine(parsed, parsed) === text ? parsed : undefined
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
