import type { SeededRandom } from '../../support/seeded-random.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { type HttpParts, mutateRequest, writeRequest } from '../mutation/http.ts'
import { inPieces, sendRaw } from '../send-raw.ts'
import { faultOfText, fuzzService, type ServiceUnderFuzz, type Tried } from '../service-under-fuzz.ts'
import type { FuzzTarget } from '../target.ts'

/**
 * Requests to every route, mutated as requests and as bytes, on raw connections: each is answered with a coded refusal or
 * as it should, or the connection ends; nothing is logged as a fault, and the service answers on.
 */
export const target: FuzzTarget = {
  name: 'http',
  run: (request) => fuzzService(request, tryRequest),
}

async function tryRequest(service: ServiceUnderFuzz, random: SeededRandom): Promise<Tried> {
  const bytes = [makeRequest(service, random)]
  // Sometimes a second request follows on the first, as pipelining does.
  if (random.below(8) === 0) bytes.push(makeRequest(service, random))
  const input = Buffer.concat(bytes)
  const text = await sendRaw(service.port, [inPieces(input, random)], isWhole)
  if (text === undefined) return { outcome: 'hung', input, fault: 'the connection did not end' }
  const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => status ?? '')
  const bad = statuses.find((status) => status.startsWith('5'))
  const fault = bad === undefined ? faultOfText(text) : `the answer ${bad}: ${text.slice(0, 2_000)}`
  const code = /"code":"([A-Z0-9_]+)"/.exec(text)?.[1]
  const outcome = [statuses.at(0) ?? 'closed without an answer', code].filter((part) => part !== undefined).join(' ')
  return { outcome, input, ...(fault === undefined ? {} : { fault }) }
}

function makeRequest(service: ServiceUnderFuzz, random: SeededRandom): Buffer {
  const request = random.oneOf(routes)(service, random)
  request.headers.push(['Host', 'localhost'])
  if (random.below(20) > 0) request.headers.push(['Authorization', `Bearer ${service.server.submitter.token}`])
  if (random.below(10) > 0) mutateRequest(request, random)
  const bytes = writeRequest(request, random)
  return random.below(5) === 0 ? mutateBytes(bytes, random) : bytes
}

type Route = (service: ServiceUnderFuzz, random: SeededRandom) => HttpParts

const simple = (
  method: string,
  target: string,
  headers: [string, string][] = [],
  body = Buffer.alloc(0),
): HttpParts => ({
  method,
  target,
  version: 'HTTP/1.1',
  headers,
  body,
})

const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const artifact = (service: ServiceUnderFuzz, name: string) =>
  `/Api/v1/${service.server.organizationId}/SigningRequests/${service.completed}/${name}`

const routes: readonly Route[] = [
  () => simple('GET', '/health/live'),
  () => simple('GET', '/health/ready'),
  () => simple('GET', '/elsewhere'),
  () => simple('POST', '/graphql', [['Content-Type', 'application/json']], json({ query: '{ viewer { name } }' })),
  ({ completed }) =>
    simple(
      'POST',
      '/graphql',
      [
        ['Content-Type', 'application/json'],
        ['Accept', 'text/event-stream'],
      ],
      json({ query: 'subscription ($id: ID!) { signingRequest(id: $id) { status } }', variables: { id: completed } }),
    ),
  ({ waiting }) =>
    simple(
      'POST',
      '/graphql',
      [['Content-Type', 'application/json']],
      json({
        query: 'mutation ($input: CancelSigningRequestInput!) { cancelSigningRequest(input: $input) { position } }',
        variables: { input: { signingRequestId: waiting, reason: 'é' } },
        operationName: null,
      }),
    ),
  () =>
    simple(
      'GET',
      `/graphql?query=${encodeURIComponent('query($s:String){project(slug:$s){name}}')}&variables=%7B%22s%22%3A%22demo%22%7D`,
    ),
  () =>
    simple(
      'POST',
      '/uploads?fileName=Fen%C3%AAtre.exe',
      [['Content-Type', 'application/octet-stream']],
      Buffer.from('the bytes of a program'),
    ),
  () =>
    simple(
      'POST',
      '/uploads',
      [['Content-Type', 'multipart/form-data; boundary=b']],
      Buffer.from(
        '--b\r\nContent-Disposition: form-data; name="f"; filename="a.exe"\r\nContent-Type: application/octet-stream\r\n\r\nbytes\r\n--b--\r\n',
      ),
    ),
  (service, random) => simple(random.oneOf(['GET', 'HEAD']), artifact(service, 'UnsignedArtifact')),
  (service, random) =>
    simple('GET', artifact(service, 'UnsignedArtifact'), [
      ['Range', random.oneOf(['bytes=0-3', 'bytes=4-', 'bytes=-2'])],
    ]),
  (service) => simple('GET', artifact(service, 'SignedArtifact')),
  ({ server, waiting }) => simple('GET', `/Api/v1/${server.organizationId}/SigningRequests/${waiting}/SignedArtifact`),
  () =>
    simple('GET', '/graphql', [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Version', '13'],
      ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ['Sec-WebSocket-Protocol', 'graphql-transport-ws'],
    ]),
]

/** Whether what came is one whole answer: its length is said, or its chunks have ended. */
function isWhole(text: string): boolean {
  const head = text.indexOf('\r\n\r\n')
  if (head < 0) return false
  const length = /^content-length: (\d+)\r$/im.exec(text.slice(0, head + 2))?.[1]
  if (length !== undefined) return text.length >= head + 4 + Number(length)
  return /^transfer-encoding: chunked\r$/im.test(text.slice(0, head + 2)) && text.endsWith('0\r\n\r\n')
}
