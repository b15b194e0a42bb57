import { type ExecutionArgs, type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql'
import { CloseCode, type Context, handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws'
import { WebSocketServer } from 'ws'
import { bearerTokens, guarded, type HttpServer, namedOrganization } from '../http/index.ts'
import type { GraphQLDependencies } from './dependencies.ts'
import { asGraphQLError, asUnauthenticated } from './errors.ts'
import { maximumBodyLength } from './http.ts'
import { endpoint, type GraphQLServer, type Sender } from './server.ts'
import { closeReason, type Extra, serveConnection } from './websocket-connection.ts'

/** How many operations one connection may have under way. */
const maximumOperations = 100

/** Within which `connection_init` must have come, in milliseconds. */
const initialisationMs = 5_000

/** How long connections may take to close when the service stops, in milliseconds. */
const farewellMs = 2_000

const missingToken = 'Send {"authorization": "Bearer <token>"} as the payload of connection_init.'

type ConnectionParameters = Record<string, unknown>
type Connection = Context<ConnectionParameters, Extra>
type Execution = ExecutionArgs & {
  readonly run: {
    readonly execute: (args: ExecutionArgs) => never
    readonly subscribe: (args: ExecutionArgs) => never
  }
}

/**
 * All operations over WebSockets (sub-protocol `graphql-transport-ws`). The token comes in the upgrade's `Authorization`
 * header or, since browsers cannot set one, as `authorization` (in any case of letters) in the payload of
 * `connection_init`, in the same form. Every operation authenticates anew. A caller whom we do not know is closed with
 * 4401.
 *
 * @returns ends all connections
 */
export function registerWebSocket(
  http: HttpServer,
  server: GraphQLServer,
  { application, logger }: GraphQLDependencies,
): () => Promise<void> {
  async function senderOf({ connectionParams, extra: { request } }: Connection): Promise<Sender> {
    const authorization = authorizationOf(connectionParams) ?? request.headers.authorization
    await http.count(request, typeof authorization === 'string' ? authorization : undefined)
    const credentials = { ...bearerTokens(authorization), ...namedOrganization(request.headers) }
    const { address } = http.clientOf(request)
    const authenticateAgain = () => application.authenticate(credentials, address)
    return { caller: await authenticateAgain(), authenticateAgain }
  }

  async function prepare(connection: Connection, payload: SubscribePayload): Promise<Execution | readonly Error[]> {
    if (Object.keys(connection.subscriptions).length > maximumOperations)
      return [tooMany('TOO_MANY_OPERATIONS', `A connection may have ${maximumOperations} operations under way.`)]
    const { schema, parse, validate, contextFactory, execute, subscribe } = server.getEnveloped({
      ...(await senderOf(connection)),
      params: payload,
    } as never)
    const document = parse(payload.query)
    const errors: readonly Error[] = validate(schema, document)
    if (errors.length > 0) return errors
    return {
      schema,
      document,
      contextValue: await contextFactory(),
      variableValues: payload.variables ?? {},
      operationName: payload.operationName ?? null,
      run: { execute, subscribe },
    } as unknown as Execution
  }

  const graphql = makeServer<ConnectionParameters, Extra>({
    connectionInitWaitTimeout: initialisationMs,
    onConnect: async (connection) => {
      try {
        await senderOf(connection)
        return true
      } catch (error) {
        const { message, extensions } = asUnauthenticated(error, logger)
        const code = extensions.http?.status === 401 ? CloseCode.Unauthorized : CloseCode.InternalServerError
        const text = extensions.code === 'UNAUTHENTICATED' ? missingToken : message
        connection.extra.socket.close(code, closeReason(`${extensions.code}: ${text}`))
        return false
      }
    },
    onSubscribe: async (connection, _id, payload) => {
      try {
        const prepared = await prepare(connection, payload)
        return Array.isArray(prepared)
          ? prepared.map((error) => asGraphQLError(error, logger))
          : (prepared as Execution)
      } catch (error) {
        return [asUnauthenticated(error, logger)]
      }
    },
    execute: (args) => (args as Execution).run.execute(args),
    subscribe: (args) => (args as Execution).run.subscribe(args),
    onError: (_connection, _id, _payload, errors) => errors.map((error) => withoutHttp(asGraphQLError(error, logger))),
    onNext: (_connection, _id, _payload, _args, { errors, data, extensions }): FormattedExecutionResult => ({
      ...(errors === undefined ? {} : { errors: errors.map(withoutHttp) }),
      ...(data === undefined ? {} : { data }),
      ...(extensions === undefined ? {} : { extensions }),
    }),
  })

  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maximumBodyLength,
    autoPong: false,
    handleProtocols,
  })
  sockets.on(
    'error',
    guarded('websockets', logger, (error) => logger.error({ err: error }, 'the WebSocket server has a fault')),
  )
  http.onUpgrade(endpoint, (request, socket, head) =>
    sockets.handleUpgrade(
      request,
      socket,
      head,
      guarded(
        'websocket',
        logger,
        (webSocket) => serveConnection(webSocket, request, graphql, logger),
        (webSocket) => webSocket.terminate(),
      ),
    ),
  )
  return async () => {
    for (const client of sockets.clients) client.close(1001, 'Going away')
    const expiry = setTimeout(() => {
      for (const client of sockets.clients) client.terminate()
    }, farewellMs)
    await new Promise<void>((resolve) => sockets.close(() => resolve()))
    clearTimeout(expiry)
  }
}

function authorizationOf(parameters: ConnectionParameters | undefined): unknown {
  const found = Object.entries(parameters ?? {}).find(([name]) => name.toLowerCase() === 'authorization')
  return found?.[1]
}

function tooMany(code: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code, details: { limit: maximumOperations } } })
}

// What HTTP would make of an error does not concern other transports.
function withoutHttp(error: GraphQLError): GraphQLFormattedError {
  const { extensions, ...formatted } = error.toJSON()
  const { http: _, ...rest } = extensions ?? {}
  return { ...formatted, extensions: rest }
}
