import type { MultipartFile } from '@fastify/multipart'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Caller } from '../../application/index.ts'
import { Refusal } from '../../domain/index.ts'
import { inviteBody, requireAnnouncedBody } from '../../http/index.ts'
import { InvalidInput } from '../invalid-input.ts'
import { announcedSize, headerOf, mediaTypeOf, refuseEncoded } from '../media-type.ts'
import type { FileField, FileFields, OperationBody } from '../operation.ts'
import { malformedForm, partBytes, rawBytes } from '../upload-body.ts'
import { type FieldNode, fieldKey, onlyNamed, treeOfFields, treeOfJson } from './field-tree.ts'
import { decodeFileName } from './file-name.ts'
import { readJson } from './json.ts'
import { readFields } from './read-fields.ts'

/** The most bytes that all fields of a body have together, without its files. */
const mostFieldBytes = 1024 ** 2

/** A body as it was read. */
export type ReadBody = {
  readonly body: unknown
  /** What the receivers of the files gave back, by the fields' names. */
  readonly files: Readonly<Record<string, unknown>>
  /** Gives up the files, when the request comes to nothing. */
  readonly discard: () => Promise<void>
}

/**
 * Reads the fields of a body, and takes in its files as they come, in whatever order they stand. A client that asked first is let
 * send its body when `admit` has nothing against it.
 *
 * @throws InvalidInput; Refusal `CONTENT_TYPE_UNSUPPORTED`, `CONTENT_ENCODING_UNSUPPORTED`, `REQUEST_MALFORMED`,
 *   `REQUEST_TOO_LARGE`, `MULTIPART_MALFORMED`, `UPLOAD_INCOMPLETE`; what the receivers of files throw. Nothing is kept then.
 */
export async function readBody(
  request: FastifyRequest,
  reply: FastifyReply,
  caller: Caller,
  definition: Extract<OperationBody, { readonly kind: 'fields' }>,
): Promise<ReadBody> {
  const { schema, files = {}, admit, ignoresOthers = false } = definition
  const size = announcedSize(request)
  refuseEncoded(request)
  const type = size === 0 ? undefined : mediaTypeOf(request)
  requireType(
    type,
    size,
    Object.values(files).some(({ isRequired }) => isRequired),
  )
  await admit?.(caller, { size })
  inviteBody(request.raw, reply.raw)
  const received = new ReceivedFiles(caller, files)
  try {
    const body = await readBodyFields(request, type, { schema, ignoresOthers }, received)
    received.requireAll()
    return { body, files: received.values, discard: () => received.discard() }
  } catch (error) {
    await received.discard()
    throw error
  }
}

async function readBodyFields(
  request: FastifyRequest,
  type: string | undefined,
  { schema, ignoresOthers }: { readonly schema: z.ZodType; readonly ignoresOthers: boolean },
  files: ReceivedFiles,
): Promise<unknown> {
  if (type === 'multipart/form-data') return readFields(schema, await multipartFields(request, files), 'text')
  const bytes = type === undefined ? new Uint8Array() : await wholeOf(rawBytes(request), mostFieldBytes)
  requireAnnouncedBody(bytes, headerOf(request, 'content-digest'))
  if (type === undefined) return readFields(schema, treeOfFields([]), 'text')
  const text = textOf(bytes)
  if (isJson(type)) return readFields(schema, objectOf(text, ignoresOthers ? schema : undefined), 'json')
  return readFields(schema, treeOfFields(new URLSearchParams(text)), 'text')
}

function isJson(type: string): boolean {
  return /^application\/(?:[\w.-]+\+)?json$/.test(type)
}

/**
 * @param named of which only the fields are read that it names
 * @throws InvalidInput, Refusal `REQUEST_MALFORMED`
 */
function objectOf(text: string, named?: z.ZodType): FieldNode {
  // Clients that always name a type send it with nothing behind it, too.
  if (text.trim() === '') return treeOfFields([])
  const value = readJson(text)
  const node = treeOfJson(named instanceof z.ZodObject ? onlyNamed(Object.keys(named.shape), value) : value)
  if (node.kind !== 'branch') throw new InvalidInput({ request: ['must be a JSON object'] })
  return node
}

/** @throws Refusal `CONTENT_TYPE_UNSUPPORTED` */
function requireType(type: string | undefined, size: number | undefined, needsFile: boolean): void {
  if (size === 0 || type === 'multipart/form-data') return
  if (!needsFile && type !== undefined && (isJson(type) || type === 'application/x-www-form-urlencoded')) return
  throw new Refusal(
    'CONTENT_TYPE_UNSUPPORTED',
    needsFile
      ? `Send the fields and files as multipart/form-data; got ${type?.slice(0, 100) ?? 'no Content-Type'}.`
      : `Send the fields as application/json, multipart/form-data or application/x-www-form-urlencoded; got ${type?.slice(0, 100) ?? 'no Content-Type'}.`,
  )
}

/** @throws Refusal `REQUEST_TOO_LARGE`, `UPLOAD_INCOMPLETE` */
async function wholeOf(bytes: AsyncIterable<Uint8Array>, mostBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of bytes) {
    size += chunk.byteLength
    if (size > mostBytes) throw fieldsTooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** @throws Refusal `REQUEST_MALFORMED` */
function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Refusal('REQUEST_MALFORMED', 'The body is no UTF-8.')
  }
}

async function multipartFields(request: FastifyRequest, files: ReceivedFiles): Promise<FieldNode> {
  // The store knows the limit of the files' sizes; a parser that cuts them off at a limit of its own must not.
  const limits = {
    fileSize: Number.POSITIVE_INFINITY,
    files: 20,
    fields: 1_000,
    fieldSize: mostFieldBytes,
    headerPairs: 50,
  }
  const parts = request.parts({ limits, isPartAFile })
  const fields: [string, unknown][] = []
  let size = 0
  for (let part = await nextPart(parts); part !== undefined; part = await nextPart(parts)) {
    const name = part.fieldname ?? ''
    if (part.type === 'file' && !isJsonField(part)) {
      await files.receive(name, part)
      continue
    }
    if (files.fieldOf(name) !== undefined)
      throw new InvalidInput({ [name]: ['must be a file: give the part a file name'] })
    const text =
      part.type === 'file' ? textOf(await wholeOf(partBytes(part.file), mostFieldBytes - size)) : String(part.value)
    size += Buffer.byteLength(text)
    if ((part.type === 'field' && part.valueTruncated) || size > mostFieldBytes) throw fieldsTooLarge()
    fields.push([name, part.type === 'file' ? readJson(text) : text])
  }
  return treeOfFields(fields)
}

/** Files, and fields that are JSON: the parser of forms would read those by itself, by other rules than those of JSON bodies. */
function isPartAFile(_name?: string, type?: string, fileName?: string): boolean {
  return fileName !== undefined || type === 'application/octet-stream' || isReadByParser(type)
}

function isJsonField({ filename, mimetype }: MultipartFile): boolean {
  return filename === undefined && isReadByParser(mimetype)
}

function isReadByParser(type: string | undefined): boolean {
  return type?.startsWith('application/json') === true
}

async function nextPart(parts: ReturnType<FastifyRequest['parts']>) {
  try {
    const { done, value } = await parts.next()
    return done === true ? undefined : value
  } catch (error) {
    if (error instanceof Error && 'statusCode' in error && error.statusCode === 413)
      throw new Refusal('REQUEST_TOO_LARGE', `The form has too many parts: ${error.message}.`)
    throw malformedForm(error)
  }
}

function fieldsTooLarge(): Refusal {
  return new Refusal(
    'REQUEST_TOO_LARGE',
    `The fields of a request have ${mostFieldBytes} bytes together at the most, without its files.`,
    { maximumSize: mostFieldBytes },
  )
}

/** The files of one form. */
class ReceivedFiles {
  readonly values: Record<string, unknown> = {}
  readonly #caller: Caller
  readonly #fields: FileFields

  constructor(caller: Caller, fields: FileFields) {
    this.#caller = caller
    this.#fields = fields
  }

  /** The field of this name in any spelling. */
  fieldOf(name: string): readonly [string, FileField] | undefined {
    const key = fieldKey(name)
    return Object.entries(this.#fields).find(([each]) => each.toLowerCase() === key)
  }

  async receive(name: string, part: MultipartFile): Promise<void> {
    const [known, field] = this.fieldOf(name) ?? []
    if (known === undefined || field === undefined)
      throw new InvalidInput({
        [name]: [`is no file here; files are ${Object.keys(this.#fields).join(', ') || 'not taken'}`],
      })
    if (Object.hasOwn(this.values, known)) throw new InvalidInput({ [known]: ['was given twice; give it once'] })
    const fileName = part.filename === undefined ? undefined : decodeFileName(part.filename)
    this.values[known] = await field.receive(this.#caller, { fileName, bytes: partBytes(part.file) })
  }

  /** @throws InvalidInput */
  requireAll(): void {
    const missing = Object.entries(this.#fields).filter(
      ([name, { isRequired }]) => isRequired && !Object.hasOwn(this.values, name),
    )
    if (missing.length > 0)
      throw new InvalidInput(
        Object.fromEntries(missing.map(([name, { description }]) => [name, [`must be given: ${description}`]])),
      )
  }

  async discard(): Promise<void> {
    for (const [name, value] of Object.entries(this.values)) {
      delete this.values[name]
      // What cannot be given up now is not kept for ever either.
      await this.#fields[name]?.discard?.(this.#caller, value).catch(() => undefined)
    }
  }
}
