import type { z } from 'zod'
import type { Refusal } from '../domain/index.ts'
import type { InvalidInput } from './invalid-input.ts'

/** An error as clients see it: a problem of RFC 9457 with our stable code. */
export type Problem = {
  /** `about:blank`: the code says what kind of problem it is, the title is the status's own (RFC 9457 §4.2.1). */
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  /** Stable; see `docs/error-codes.md`. */
  readonly code: string
  /** Facts of the refusal that a program can use. */
  readonly details?: Refusal['details']
  /** Field → what is wrong with it. */
  readonly errors?: InvalidInput['errors']
  /** For faults of ours: what the log calls this one. */
  readonly correlationId?: string
}

/** How clients of a protocol of their own are told why they are refused: in fields beside those of a problem. */
export type ProblemForm<Schema extends z.ZodObject = z.ZodObject> = {
  readonly schema: Schema
  readonly describe: (problem: Problem) => z.input<Schema>
  /** What codes may be like besides those of the operation: where what was asked elsewhere says what is wrong. */
  readonly furtherCodes?: RegExp
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How the clients of a route are told why they are refused, where that is more than a problem. */
    readonly problem?: ProblemForm
  }
}
