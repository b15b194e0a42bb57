import type { HttpServer } from '../http/index.ts'
import type { GraphQLDependencies } from './dependencies.ts'
import { registerHttp } from './http.ts'
import { createGraphQLServer } from './server.ts'
import { registerWebSocket } from './websocket.ts'

export type { GraphQLDependencies } from './dependencies.ts'
export { defaultLimits, type Limits } from './limits.ts'
export { printedSchema } from './print-schema.ts'

/**
 * Adds the GraphQL API to a server at `/graphql`: queries and mutations over HTTP, subscriptions by server-sent events
 * (graphql-sse, distinct connections) and everything over `graphql-transport-ws`. When the server closes, subscriptions
 * are completed first.
 */
export async function registerGraphQL(http: HttpServer, dependencies: GraphQLDependencies): Promise<void> {
  const stopping = new AbortController()
  const server = createGraphQLServer(dependencies, { stopping: stopping.signal, waitingCalls: http.waitingCalls })
  await http.fastify.register((scope) => registerHttp(scope, http, server, dependencies))
  const endConnections = registerWebSocket(http, server, dependencies)
  http.fastify.addHook('preClose', async () => {
    stopping.abort()
    await endConnections()
  })
}
