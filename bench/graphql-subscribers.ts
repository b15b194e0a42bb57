import { pino } from 'pino'
import type { Application } from '../application/index.ts'
import type { LogPosition } from '../event-log/index.ts'
import { registerGraphQL } from '../graphql/index.ts'
import { openHttpServer } from '../http/index.ts'
import type { ReadModel } from '../projections/index.ts'
import { problemErrorHandler } from '../rest/index.ts'
import { planWording } from '../signing/directives.ts'

/** The GraphQL API on the loopback, and a client of it. */
export type GraphQLBench = {
  /** Asks a query, and reads the answer whole. @throws Error for an answer with errors */
  readonly ask: (query: string, variables?: object) => Promise<string>
  /** Follows the event feed by server-sent events; each item is one answer, read whole. */
  readonly subscribe: (after: LogPosition | null) => Promise<AsyncGenerator<string>>
  readonly close: () => Promise<void>
}

/** @param token the client's; it may read the audit log */
export async function serveGraphQL(
  application: Application,
  readModel: ReadModel,
  token: string,
): Promise<GraphQLBench> {
  const logger = pino({ level: 'warn' })
  const http = openHttpServer({ logger, answerError: problemErrorHandler(logger) })
  const { fastify } = http
  const persons = { read: async () => Promise.reject(new Error('Nobody is asked for here.')) }
  const absent = () => Promise.reject(new Error('There are no documents here.'))
  await registerGraphQL(http, {
    application,
    readModel,
    log: { readStream: () => Promise.reject(new Error('Nothing is asked as of a moment here.')) as never },
    persons,
    openPlan: absent,
    openManifest: absent,
    planWording: planWording([]),
    describeSource: () => ({}),
    publicUrl: 'http://127.0.0.1',
    logger,
  })
  const url = await fastify.listen({ host: '127.0.0.1', port: 0 })

  const send = (accept: string, query: string, variables: object) =>
    fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { accept, 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
    })

  return {
    async ask(query, variables = {}) {
      const answer = await (await send('application/json', query, variables)).text()
      if (answer.includes('"errors"')) throw new Error(answer)
      return answer
    },
    async subscribe(after) {
      const query = 'subscription ($after: LogPosition) { events(after: $after) { eventId type data position } }'
      return answers(await send('text/event-stream', query, { after }))
    },
    close: () => fastify.close(),
  }
}

async function* answers({ body }: Response): AsyncGenerator<string> {
  const chunks = (body as ReadableStream<Uint8Array>)[Symbol.asyncIterator]()
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of { [Symbol.asyncIterator]: () => chunks }) {
    text += decoder.decode(chunk, { stream: true })
    const messages = text.split('\n\n')
    text = messages.pop() ?? ''
    for (const message of messages) if (message.startsWith('event: next')) yield message
  }
}
