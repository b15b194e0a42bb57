import type { SeededRandom } from '../../support/seeded-random.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { mutateFrames, readFrames, textFrame, type WebSocketFrame, writeFrame } from '../mutation/web-socket.ts'
import { inPieces, sendRaw } from '../send-raw.ts'
import { faultOfText, fuzzService, type ServiceUnderFuzz, type Tried } from '../service-under-fuzz.ts'
import type { FuzzTarget } from '../target.ts'

/**
 * Conversations over WebSockets, mutated as messages, as frames and as bytes: each is answered or closed with a code that
 * blames the client; nothing is logged as a fault, and the service answers on.
 */
export const target: FuzzTarget = {
  name: 'websocket',
  run: (request) => fuzzService(request, tryConversation),
}

/** Codes with which a server blames its client: RFC 6455 §7.4.1, and those of graphql-transport-ws. */
const blames = new Set([1000, 1002, 1003, 1005, 1006, 1007, 1009, 4400, 4401, 4403, 4406, 4408, 4409, 4429])

async function tryConversation(service: ServiceUnderFuzz, random: SeededRandom): Promise<Tried> {
  const upgrade = upgradeOf(service, random)
  const [first = Buffer.alloc(0), ...others] = makeConversation(service, random)
  const input = Buffer.concat([upgrade, first, ...others])
  // Whoever subscribes before the acknowledgement is closed; most wait for it.
  const opening = inPieces(Buffer.concat([upgrade, first]), random)
  const rest = inPieces(Buffer.concat(others), random)
  const stages = random.below(6) === 0 ? [[...opening, ...rest]] : [[upgrade], [first], rest]
  const text = await sendRaw(service.port, stages, () => false)
  if (text === undefined) return { outcome: 'hung', input, fault: 'the connection did not end' }
  const head = text.indexOf('\r\n\r\n')
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 'closed without an answer'
  const frames = readFrames(Buffer.from(text.slice(head + 4), 'latin1'))
  const close = frames.find(({ opcode }) => opcode === 8)?.payload
  const code = close === undefined || close.length < 2 ? undefined : close.readUInt16BE()
  const messages = frames.filter(({ opcode }) => opcode === 1).map(({ payload }) => payload.toString())
  const outcome = code === undefined ? `${status} ${kindOf(messages.at(-1))}` : `closed with ${code}`
  const fault = status.startsWith('5')
    ? `the answer ${status}`
    : code !== undefined && !blames.has(code) && code < 3000
      ? `closed with ${code}: ${text.slice(head)}`
      : faultOfText(text)
  return { outcome, input, ...(fault === undefined ? {} : { fault }) }
}

function kindOf(message: string | undefined): string {
  return message === undefined ? 'and nothing' : (/"type":"(\w+)"/.exec(message)?.[1] ?? 'and no message')
}

function upgradeOf({ server }: ServiceUnderFuzz, random: SeededRandom): Buffer {
  const token = random.below(10) === 0 ? 'x' : server.auditor.token
  return Buffer.from(
    [
      'GET /graphql HTTP/1.1',
      'Host: localhost',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      `Sec-WebSocket-Protocol: ${random.below(20) === 0 ? 'graphql-ws' : 'graphql-transport-ws'}`,
      `Authorization: Bearer ${token}`,
      '',
      '',
    ].join('\r\n'),
  )
}

function makeConversation(service: ServiceUnderFuzz, random: SeededRandom): Buffer[] {
  const messages = [
    { type: 'connection_init', ...(random.below(3) === 0 ? random.oneOf(initialisations(service)) : {}) },
  ]
  for (let count = random.below(4); count > 0; count--) messages.push(random.oneOf(followers(service, random)))
  const frames: WebSocketFrame[] = messages.map((message) => {
    const text = Buffer.from(JSON.stringify(message))
    return textFrame(random.below(6) === 0 ? mutateBytes(text, random) : text)
  })
  if (random.below(2) === 0) for (let times = 1 + random.below(3); times > 0; times--) mutateFrames(frames, random)
  const pieces = frames.map((frame) => writeFrame(frame, random))
  return random.below(8) === 0 ? pieces.map((bytes) => mutateBytes(bytes, random)) : pieces
}

const initialisations = ({ server }: ServiceUnderFuzz): readonly object[] => [
  {},
  { payload: { Authorization: `Bearer ${server.auditor.token}` } },
  { payload: { authorization: 7 } },
  { payload: { authorization: null, AUTHORIZATION: 'Bearer x' } },
  { payload: [] },
  { payload: 'x' },
]

function followers({ waiting, completed }: ServiceUnderFuzz, random: SeededRandom) {
  const id = random.oneOf(['1', '2', '__proto__', 'constructor', '', 'x'.repeat(1_000)])
  const subscribe = (payload: object) => ({ id, type: 'subscribe', payload })
  return [
    subscribe({ query: '{ viewer { name } }' }),
    subscribe({ query: '{ viewer {', operationName: 'x' }),
    subscribe({
      query: 'query A { viewer { name } } query B { viewer { name } }',
      operationName: random.oneOf(['A', 'C', '']),
    }),
    subscribe({ query: 'subscription { events { type revision data } }' }),
    subscribe({
      query: 'subscription ($after: LogPosition) { events(after: $after) { type } }',
      variables: { after: 'x' },
    }),
    subscribe({
      query: 'subscription ($id: ID!) { signingRequest(id: $id) { status } }',
      variables: { id: completed },
    }),
    subscribe({ query: `subscription { signingRequest(id: "${waiting}") { status history { nodes { type } } } }` }),
    subscribe({ query: 'subscription { signingRequestsChanged { status } }', extensions: { x: {} } }),
    subscribe({ query: 7 }),
    { id, type: 'complete' },
    { type: 'ping', payload: { x: 1 } },
    { type: 'pong' },
    { type: 'connection_ack' },
    { type: 'connection_init' },
    { type: random.oneOf(['next', 'error', 'start', 'stop', 'x', '']), id },
  ]
}
