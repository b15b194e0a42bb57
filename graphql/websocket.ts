import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ExecutionArgs, type FormattedExecutionResult, GraphQLError, type GraphQLFormattedError } from 'graphql'
import { CloseCode, type Context, type ServerOptions, type SubscribePayload } from 'graphql-ws'
import { type Extra, useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { bearerToken } from './bearer.ts'
import type { GraphQLDependencies } from './dependencies.ts'
import { asGraphQLError, asUnauthenticated } from './errors.ts'
import { maximumBodyLength } from './http.ts'
import { endpoint, type GraphQLServer, type Sender } from './server.ts'

/** How many operations one connection may have under way. */
const maximumOperations = 100

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
 * header or, since browsers cannot set one, as `authorization` in the payload of `connection_init`, in the same form.
 * Every operation authenticates anew. A caller whom we do not know is closed with 4401.
 *
 * @returns ends all connections
 */
export function registerWebSocket(
  httpServer: Server,
  server: GraphQLServer,
  { application, logger }: GraphQLDependencies,
): () => Promise<void> {
  async function senderOf({ connectionParams, extra: { request } }: Connection): Promise<Sender> {
    const token = bearerToken(connectionParams?.authorization ?? request.headers.authorization)
    const authenticateAgain = () => application.authenticate(token, request.socket.remoteAddress)
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

  const options: ServerOptions<ConnectionParameters, Extra> = {
    onConnect: async (connection) => {
      try {
        await senderOf(connection)
        return true
      } catch (error) {
        const { message, extensions } = asUnauthenticated(error, logger)
        const { socket } = connection.extra
        const code = extensions.http?.status === 401 ? CloseCode.Unauthorized : CloseCode.InternalServerError
        socket.close(code, `${extensions.code}: ${message}`.slice(0, 100))
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
    onError: (_connection, _id, _payload, errors) => errors.map((error) => withoutHttp(error)),
    onNext: (_connection, _id, _payload, _args, { errors, data, extensions }): FormattedExecutionResult => ({
      ...(errors === undefined ? {} : { errors: errors.map(withoutHttp) }),
      ...(data === undefined ? {} : { data }),
      ...(extensions === undefined ? {} : { extensions }),
    }),
  }

  const sockets = new WebSocketServer({ noServer: true, maxPayload: maximumBodyLength })
  const { dispose } = useServer<ConnectionParameters>({ ...options, isProd: true } as never, sockets)
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (new URL(request.url ?? '/', 'http://localhost').pathname === endpoint)
      sockets.handleUpgrade(request, socket, head, (webSocket) => sockets.emit('connection', webSocket, request))
    // Nobody else would answer.
    else if (httpServer.listenerCount('upgrade') === 1)
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n')
  }
  httpServer.on('upgrade', upgrade)
  return async () => {
    httpServer.off('upgrade', upgrade)
    await dispose()
  }
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
