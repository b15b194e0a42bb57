import { createYoga, type YogaServerInstance } from 'graphql-yoga'
import type { Caller } from '../application/index.ts'
import type { GraphQLContext } from './context.ts'
import type { GraphQLDependencies } from './dependencies.ts'
import { asGraphQLError } from './errors.ts'
import { defaultLimits, limitOperations } from './limits.ts'
import { createSchema } from './schema.ts'

/** Where the API is. */
export const endpoint = '/graphql'

/** Who sent an operation, established before it is even parsed. */
export type Sender = {
  readonly caller: Caller
  readonly authenticateAgain: () => Promise<Caller>
}

/** The GraphQL server without its transports. */
export type GraphQLServer = YogaServerInstance<Sender, GraphQLContext>

/** @param live what subscriptions end with, and are counted by */
export function createGraphQLServer(
  dependencies: GraphQLDependencies,
  live: Pick<GraphQLContext, 'stopping' | 'waitingCalls'>,
): GraphQLServer {
  const {
    application,
    readModel,
    log,
    persons,
    openPlan,
    openManifest,
    planWording,
    describeSource,
    publicUrl,
    logger,
    schema = createSchema(),
    limits = defaultLimits,
    readModelTimeoutMs = 5_000,
  } = dependencies
  return createYoga<Sender, GraphQLContext>({
    schema,
    graphqlEndpoint: endpoint,
    context: ({ caller, authenticateAgain }) => ({
      caller,
      authenticateAgain,
      application,
      readModel,
      log,
      persons,
      openPlan,
      openManifest,
      planWording,
      describeSource,
      publicUrl: typeof publicUrl === 'string' ? publicUrl : publicUrl(),
      readModelTimeoutMs,
      ...live,
    }),
    plugins: [limitOperations(limits)],
    maskedErrors: { maskError: (error) => asGraphQLError(error, logger) },
    // Only JSON is accepted (no form can be sent across sites), one operation a request, and no page of ours loads
    // scripts from elsewhere.
    multipart: false,
    batching: false,
    cors: false,
    graphiql: false,
    landingPage: false,
    logging: false,
  })
}
