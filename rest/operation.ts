import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Caller } from '../application/index.ts'
import type { RouteAccess } from '../http/index.ts'
import type { ProblemForm } from './problem-form.ts'
import type { IncomingFile } from './upload-body.ts'

/** Where the paths of operations about an organization begin; the frame holds the id against the caller's. */
export const organizationPath = '/Api/v1/{organizationId}'

/** Whether calls name the organization that they are about, in their path: the frame holds that against the caller's. */
export function namesOrganization({ path }: Pick<Operation, 'path'>): boolean {
  return path.includes('/{organizationId}/')
}

/** A file among the fields of a form, taken in as it comes: also before the fields that stand behind it are known. */
export type FileField<Received = unknown> = {
  readonly description: string
  readonly isRequired: boolean
  /** Takes the bytes in. They end without an error only when the file is whole. */
  readonly receive: (caller: Caller, file: IncomingFile) => Promise<Received>
  /** Gives up what was received when the request is refused after all. */
  discard?(caller: Caller, received: Received): Promise<void>
}

/** Files of a form by the name of their field, such as `origin.buildData.buildSettingsFile`. */
export type FileFields = Readonly<Record<string, FileField>>

/** What an operation reads of a body. The same schema is held against JSON, `multipart/form-data` and `x-www-form-urlencoded`. */
export type OperationBody<Schema extends z.ZodType = z.ZodType, Files extends FileFields = FileFields> =
  | {
      readonly kind: 'fields'
      /** Schemas of secrets are marked `.meta({ writeOnly: true })`: their values are repeated in no message. */
      readonly schema: Schema
      /** Files that come with the fields; a body with files is `multipart/form-data`. */
      readonly files?: Files
      /** Whether a JSON body may have fields that the schema does not name: they are passed over, since its sender cannot be asked to leave them out. */
      readonly ignoresOthers?: true
      /** Says no before the body is read, such as to who may upload nothing. `size` is that of the whole body, where it is announced. */
      readonly admit?: (caller: Caller, announced: { readonly size: number | undefined }) => Promise<void>
    }
  | {
      /** The body is a file, or a form that holds one file: the handler reads it from `call.file`. */
      readonly kind: 'file'
      readonly description: string
    }

/** One way in which an operation is answered. */
export type OperationAnswer =
  | { readonly description: string; readonly schema: z.ZodType; readonly headers?: Readonly<Record<string, string>> }
  | { readonly description: string; readonly mediaType: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly description: string; readonly headers?: Readonly<Record<string, string>> }

type Answers = Readonly<Record<number, OperationAnswer>>

/** What a handler gives back: one of the operation's answers. */
export type Answered<Of extends Answers> = {
  [Status in keyof Of]: {
    readonly status: Status
    readonly headers?: Readonly<Record<string, string>>
  } & (Of[Status] extends { readonly schema: infer Schema extends z.ZodType }
    ? { readonly body: z.input<Schema> }
    : Of[Status] extends { readonly mediaType: string }
      ? { readonly body: Readable | Uint8Array | string }
      : { readonly body?: undefined })
}[keyof Of]

/** A call of an operation, read and checked. */
export type OperationCall<
  Parameters = unknown,
  Query = unknown,
  Body = unknown,
  Files extends FileFields = FileFields,
> = {
  /** Who calls. Operations for everybody have none. */
  readonly caller: Caller
  readonly parameters: Parameters
  readonly query: Query
  readonly body: Body
  /** What the receivers of the form's files gave back. */
  readonly files: { readonly [Name in keyof Files]?: Files[Name] extends FileField<infer Received> ? Received : never }
  /** The body of an operation whose body is a file. Lets a client send it that asked first. */
  readonly file: () => Promise<IncomingFile & { readonly size: number | undefined }>
  /** What the client calls this call (`Idempotency-Key`), where the operation keeps to it by itself; else `null`. */
  readonly idempotencyKey: string | null
  readonly request: FastifyRequest
  /** Has something called when the answer is over, in whatever way: also when the client leaves before it has one. */
  readonly whenAnswered: (then: () => void) => void
}

type Definition<
  Parameters extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodType,
  Files extends FileFields,
  Of extends Answers,
> = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Whether HEAD is answered as well: the handler sees which it is by `call.request`. */
  readonly withHead?: true
  /** Names of parameters stand in braces: `${organizationPath}/SigningRequests/{signingRequestId}`. */
  readonly path: string
  /** Other paths of the same operation, which the document does not name. */
  readonly otherPaths?: readonly string[]
  readonly access: Exclude<RouteAccess, 'fieldByField'>
  /** Unique, in camel case; as the use case or the GraphQL field is called, where there is one. */
  readonly operationId: string
  /** The part of the document in which it stands. */
  readonly tag: string
  readonly summary: string
  readonly description?: string
  /** Texts, as they stand in the path; `organizationId` is the frame's. */
  readonly parameters?: Parameters
  readonly query?: Query
  readonly body?: OperationBody<Body, Files>
  readonly answers: Of
  /** What its refusals say besides what every problem says. */
  readonly problem?: ProblemForm
  /** Codes with which it is refused that neither follow from what it takes nor stand in the source: read from somewhere when it runs. */
  readonly refusals?: readonly string[]
  /**
   * Who sees to it that a call with an `Idempotency-Key` that is sent again has no second effect: the frame, which keeps the answer
   * for a day (what it is when nothing is said), or the use case, which is given the key. Of methods that change something.
   */
  readonly idempotency?: 'answerKept' | 'useCase'
  readonly handle: (
    call: OperationCall<z.output<Parameters>, z.output<Query>, z.output<Body>, Files>,
  ) => Promise<Answered<Of>>
}

/** What is given back for any operation. */
export type AnyAnswer = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Whether the body says why the call was refused. */
  readonly isProblem?: true
}

/** An operation of the HTTP API: from it come its route, the checks of its input and its place in the OpenAPI document. */
export type Operation = Omit<
  Definition<z.ZodObject, z.ZodObject, z.ZodType, FileFields, Answers>,
  'handle' | 'answers'
> & {
  readonly answers: Answers
  // biome-ignore lint/suspicious/noExplicitAny: what is read of a call is known where the operation is defined.
  readonly handle: (call: any) => Promise<AnyAnswer>
}

/** Defines an operation; checks that its parts fit each other. */
export function operation<
  const Of extends Answers,
  Parameters extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Query extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Body extends z.ZodType = z.ZodUndefined,
  Files extends FileFields = Record<never, never>,
>(definition: Definition<Parameters, Query, Body, Files, Of>): Operation {
  return definition as unknown as Operation
}
