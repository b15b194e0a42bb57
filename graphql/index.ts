import type { FastifyInstance } from 'fastify'
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
export async function registerGraphQL(fastify: FastifyInstance, dependencies: GraphQLDependencies): Promise<void> {
  const stopping = new AbortController()
  const server = createGraphQLServer(dependencies, stopping.signal)
  await fastify.register((scope) => registerHttp(scope, server, dependencies))
  const endConnections = registerWebSocket(fastify.server, server, dependencies)
  fastify.addHook('preClose', async () => {
    stopping.abort()
    await endConnections()
  })
}
