import type { z } from 'zod'
import type { OriginEvidence } from '../../domain/index.ts'
import type { ConnectorTools } from '../connector.ts'
import { askPages, nextPage, refusalOf } from '../http-api/index.ts'
import type { ApiAnswer, ApiQuestion } from '../http-api.ts'
import type { OriginErrorCode } from '../origin-error.ts'
import { withoutTokens } from '../reading/index.ts'
import type { Secret } from '../secret.ts'

/** The version of the REST API that is asked for. */
export const apiVersion = '2022-11-28'

/** GitHub does not answer as it must, for good. What it says becomes a failed check. */
export class Unanswered extends Error {
  readonly code: OriginErrorCode
  readonly status: number

  constructor(code: OriginErrorCode, message: string, status: number) {
    super(message)
    this.name = 'Unanswered'
    this.code = code
    this.status = status
  }
}

/** One question to GitHub, and what its answer must have. */
export type GitHubQuestion<Schema extends z.ZodType> = {
  /** The evidence's name. */
  readonly name: string
  readonly path: string
  readonly query?: ApiQuestion['query']
  readonly schema: Schema
  /** What the token must be allowed, as GitHub says it: `actions: read`. */
  readonly permission: string
}

/** Asks GitHub's REST API, and keeps each answer as evidence. */
export type GitHubClient = {
  /** @throws Unanswered when the status is not 200, or a needed field is missing; OriginError for what may pass */
  ask<Schema extends z.ZodType>(question: GitHubQuestion<Schema>): Promise<z.output<Schema>>
  /** As {@link GitHubClient.ask}; `null` where there is no such thing (404). */
  find<Schema extends z.ZodType>(question: GitHubQuestion<Schema>): Promise<z.output<Schema> | null>
  /** Asks for all pages of a list. */
  list<Schema extends z.ZodType>(question: GitHubQuestion<Schema>): Promise<z.output<Schema>[]>
  /** As {@link GitHubClient.ask}, of one page; with the cursor of the next one where there is one. */
  page<Schema extends z.ZodType>(
    question: GitHubQuestion<Schema>,
  ): Promise<{ readonly value: z.output<Schema>; readonly after: string | null }>
  /** What was kept, in the order in which it came. */
  readonly evidence: readonly OriginEvidence[]
}

const perPage = 100
/** So many pages of a list are read: 5,000 entries. */
const mostPages = 50

/** What every call to GitHub's API has. */
export function gitHubHeaders(token: Secret): Record<string, string> {
  return {
    authorization: `Bearer ${token.reveal()}`,
    accept: 'application/vnd.github+json',
    'x-github-api-version': apiVersion,
  }
}

/** Opens GitHub's REST API with a token of a job, an app or a person. */
export function openGitHub(tools: Pick<ConnectorTools, 'api' | 'keep'>, token: Secret): GitHubClient {
  const headers = gitHubHeaders(token)
  const evidence: OriginEvidence[] = []

  async function read<Schema extends z.ZodType>(
    { name, path, schema, permission }: GitHubQuestion<Schema>,
    answer: ApiAnswer,
  ): Promise<z.output<Schema>> {
    evidence.push(await tools.keep(name, 'application/json', withoutTokens(answer.bytes, 'GitHub')))
    if (answer.status !== 200) {
      const { code, message } = refusalOf(answer.status, { system: 'GitHub', what: path }, permission)
      throw new Unanswered(code, message, answer.status)
    }
    const parsed = schema.safeParse(answer.json())
    if (parsed.success) return parsed.data
    const fields = parsed.error.issues.slice(0, 5).map((issue) => issue.path.map(String).join('.') || 'the whole')
    throw new Unanswered(
      'ORIGIN_ANSWER_INCOMPLETE',
      `GitHub's answer to ${path} does not have, in the form that is needed: ${fields.join(', ')}. See whether the server's version is supported.`,
      answer.status,
    )
  }

  const ask: GitHubClient['ask'] = async (question) => {
    const { path, query = {} } = question
    return read(question, await tools.api.ask({ path, query, headers }))
  }

  return {
    ask,
    async find(question) {
      try {
        return await ask(question)
      } catch (error) {
        if (error instanceof Unanswered && error.status === 404) return null
        throw error
      }
    },
    async list(question) {
      const { path, query } = question
      const pages = await askPages(tools.api, { path, query: { ...query, per_page: perPage }, headers }, mostPages)
      const values = []
      for (const page of pages) values.push(await read(question, page))
      return values
    },
    async page(question) {
      const { path, query } = question
      const answer = await tools.api.ask({ path, query: { ...query, per_page: perPage }, headers })
      return { value: await read(question, answer), after: nextCursor(answer, path) }
    },
    evidence,
  }
}

/**
 * The cursor of the next page; `null` where there is none.
 *
 * @throws Unanswered when there is a next page, and no cursor of it: what is there would pass for the whole
 */
function nextCursor(answer: ApiAnswer, path: string): string | null {
  const next = nextPage(answer)
  if (next === undefined) return null
  const after = URL.parse(next, 'https://api.invalid')?.searchParams.get('after')
  if (after) return after
  throw new Unanswered(
    'ORIGIN_ANSWER_INCOMPLETE',
    `GitHub's answer to ${path} has a next page, and does not say where it begins. See whether the server's version is supported.`,
    answer.status,
  )
}
