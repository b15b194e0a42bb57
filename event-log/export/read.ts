import { isUtf8 } from 'node:buffer'
import { isJsonObject } from '../serialise.ts'
import { ExportError } from './export-error.ts'
import {
  dataMember,
  type ExportedPlace,
  type ExportHeader,
  type LineLink,
  lineHash,
  metadataMember,
  readEnd,
  readHeader,
  readPlace,
} from './form.ts'
import { splitLines } from './split-lines.ts'

/** Something of a file that is not as it was exported. */
export type ExportFault = {
  /** Which line of the file, from 1. */
  readonly line: number
  readonly code:
    | 'EXPORT_LINE_MALFORMED'
    | 'EXPORT_LINE_CHANGED'
    | 'EXPORT_LINES_MISSING'
    | 'EXPORT_LINE_MOVED'
    | 'EXPORT_CUT'
  /** A sentence for people. */
  readonly reason: string
}

/** An event of an export: its place and its texts, as they are stored in the log. */
export type ExportedEvent = Omit<ExportedPlace, 'encoding' | 'dataBytes' | 'metadataBytes'> & {
  readonly line: number
  readonly data: Uint8Array
  readonly metadata: Uint8Array
}

/** What an export is read as: first its header, then events and faults in the order of the file. */
export type ExportItem =
  | { readonly header: ExportHeader }
  | { readonly event: ExportedEvent }
  | { readonly fault: ExportFault }

/**
 * Reads an export line by line, whatever has become of it. What is not as it was exported is named, and what can be read is
 * read on: an event is given when its own line has the form of one and stands behind all before it.
 *
 * @throws ExportError `EXPORT_NOT_AN_EXPORT`, `EXPORT_VERSION_UNKNOWN`, `EXPORT_LINE_TOO_LONG`
 */
export async function* readExport(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ExportItem> {
  /** The line before, as it stands in the file. */
  let before: { readonly hash: string; readonly isSound: boolean } | undefined
  /** The number that the next line has when nothing is missing. */
  let next = 2
  /** How many lines before it are none: each may stand in the place of one, or have been put there. */
  let unread = 0
  let events = 0
  let faults = 0
  let hasEnded = false
  let position = ''
  let line = 0

  const fault = (code: ExportFault['code'], reason: string, at = line): ExportItem => {
    faults += 1
    return { fault: { line: at, code, reason } }
  }

  /** What the number of a line and the hash that it names say. */
  function* linked(link: LineLink): Generator<ExportItem> {
    if (link.line > next + unread) {
      const first = next + unread
      const which = link.line - first === 1 ? `Line ${first} is` : `Lines ${first} to ${link.line - 1} are`
      yield fault('EXPORT_LINES_MISSING', `This is line ${link.line} of the export. ${which} not before it.`)
    } else if (before?.isSound === true && link.previous !== before.hash)
      yield fault(
        'EXPORT_LINE_CHANGED',
        'This line is not as it was exported: the one behind it names another.',
        line - 1,
      )
    next = link.line + 1
    unread = 0
  }

  for await (const { bytes, isComplete } of splitLines(chunks)) {
    line += 1
    if (before === undefined) {
      yield { header: headerOf(bytes) }
      before = { hash: lineHash(bytes), isSound: true }
      continue
    }
    const read = hasEnded ? undefined : readLine(bytes)
    let isSound = read !== undefined && isComplete
    if (read === undefined || !isSound) {
      const reason = hasEnded ? 'It stands behind the end of the export.' : 'It is no line of an export.'
      yield fault('EXPORT_LINE_MALFORMED', reason)
      unread += 1
    } else if (read.line < next) {
      isSound = false
      yield fault('EXPORT_LINE_MOVED', `This is line ${read.line} of the export, which stands before line ${next}.`)
    } else {
      yield* linked(read)
      if ('events' in read) {
        hasEnded = true
        if (faults === 0 && read.events !== events)
          yield fault(
            'EXPORT_LINE_CHANGED',
            `The end of the export counts ${read.events} events, and there are ${events}.`,
          )
      } else if (read.event.position <= position)
        yield fault('EXPORT_LINE_MOVED', `Its position ${read.event.position} is not behind that of the event before.`)
      else {
        position = read.event.position
        events += 1
        yield { event: { ...read.event, line } }
      }
    }
    before = { hash: lineHash(bytes), isSound }
  }
  if (before === undefined) throw notAnExport('It is empty.')
  if (!hasEnded) yield fault('EXPORT_CUT', 'The file ends here, and its last line is missing: the rest was cut off.')
}

type ReadLine = LineLink & ({ readonly event: Omit<ExportedEvent, 'line'> } | { readonly events: number })

function headerOf(bytes: Uint8Array): ExportHeader {
  const header = isUtf8(bytes) ? readHeader(textOf(bytes)) : undefined
  if (header === undefined) throw notAnExport('Its first line is not that of an export.')
  if (header.version !== 1)
    throw new ExportError(
      'EXPORT_VERSION_UNKNOWN',
      `The export has version ${header.version}; this release reads version 1. Use a newer release.`,
    )
  return header
}

function readLine(bytes: Uint8Array): ReadLine | undefined {
  if (!isUtf8(bytes)) return undefined
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const dataAt = line.indexOf(dataMember)
  if (dataAt === -1) return readEnd(textOf(bytes))
  const place = readPlace(textOf(line.subarray(0, dataAt)))
  if (place === undefined) return undefined
  const { line: number, previous, encoding, dataBytes, metadataBytes, ...rest } = place
  const dataStart = dataAt + dataMember.length
  const dataEnd = dataStart + dataBytes
  const metadataStart = dataEnd + metadataMember.length
  const metadataEnd = metadataStart + metadataBytes
  if (metadataEnd + 1 !== line.length || line[metadataEnd] !== '}'.charCodeAt(0)) return undefined
  if (line.toString('latin1', dataEnd, metadataStart) !== metadataMember) return undefined
  const data = stored(line.subarray(dataStart, dataEnd), encoding)
  const metadata = stored(line.subarray(metadataStart, metadataEnd), encoding)
  return data && metadata && { line: number, previous, event: { ...rest, data, metadata } }
}

/** The stored bytes of a text in a line; `undefined` when they are not in the form that the line says. */
function stored(text: Buffer, encoding: ExportedPlace['encoding']): Uint8Array | undefined {
  const value = parsedJson(textOf(text))
  if (encoding === 'json') return isJsonObject(value) ? text : undefined
  const bytes = Buffer.from(String(value), 'base64')
  return typeof value === 'string' && `"${bytes.toString('base64')}"` === textOf(text) ? bytes : undefined
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function notAnExport(reason: string): ExportError {
  return new ExportError(
    'EXPORT_NOT_AN_EXPORT',
    `The file is no export of an event log. ${reason} countersign audit export makes one.`,
  )
}
