import type { SeededRandom } from '../../support/seeded-random.ts'
import { interestingNumbers, mutateBytes } from './bytes.ts'

/** A request in its parts, as it is written to the line. */
export interface HttpParts {
  method: string
  target: string
  version: string
  /** Names and values; a value may hold what no value may. */
  headers: [name: string, value: string][]
  body: Buffer
}

const methods = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'QUERY',
  'PRI',
  'get',
  '',
]
const versions = ['HTTP/1.1', 'HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.9', 'http/1.1', 'HTTP/1.1 ', '']
const targets = [
  '*',
  '//',
  '//[',
  '/..',
  '/%2e%2e/',
  '/%',
  '/%ff',
  '/%00',
  'http://x/',
  'x:1',
  '?',
  '#',
  '',
  '/\u00e9',
  '/a b',
]

/** Headers that change how a request is read or answered, with values at which readers change their minds. */
const headers: readonly (readonly [string, readonly string[]])[] = [
  ['Host', ['', 'x', 'x:y', '[', 'a,b']],
  [
    'Content-Length',
    ['0', '1', '-1', '+5', '5, 5', '5,6', '0x5', '9007199254740993', '99999999999999999999', ' ', 'x'],
  ],
  [
    'Transfer-Encoding',
    ['chunked', 'gzip', 'chunked, chunked', 'gzip, chunked', 'identity', ' chunked', 'chunkedx', ''],
  ],
  ['Connection', ['close', 'keep-alive', 'upgrade', 'close, upgrade', 'Content-Length', '']],
  ['Upgrade', ['websocket', 'h2c', 'WebSocket', 'websocket, h2c', '']],
  ['Expect', ['100-continue', '100-Continue', 'x', '']],
  [
    'Content-Type',
    [
      'application/json',
      'application/json\t;',
      'text/plain',
      'multipart/form-data',
      'multipart/form-data; boundary=',
      'x',
      '',
    ],
  ],
  ['Content-Encoding', ['gzip', 'identity', 'br', '']],
  ['Content-Digest', ['sha-256=::', 'sha-256=:AAAA:', 'sha-256', ',,,', '']],
  [
    'Accept',
    [
      'text/event-stream',
      'multipart/mixed',
      'application/problem+json',
      'application/graphql-response+json',
      '*/*',
      'x',
      '',
    ],
  ],
  [
    'Authorization',
    ['', 'Bearer', 'Bearer ', 'Bearer x', 'Basic eDp4', 'Bearer a:b', 'bearer \t', `Bearer ${'x'.repeat(5_000)}`],
  ],
  ['Range', ['bytes=0-', 'bytes=-1', 'bytes=5-2', 'bytes=0-0,2-2', 'bytes=9007199254740993-', 'bytes=', 'x=1-2', '']],
  ['If-Match', ['*', '"x"', 'W/"x"', '"', '']],
  ['If-None-Match', ['*', '"x"', 'W/"x", "y"', '']],
  ['If-Range', ['"x"', 'W/"x"', 'Sun, 06 Nov 1994 08:49:37 GMT', '']],
  ['Origin', ['null', 'https://evil.example', '']],
  ['X-Forwarded-For', ['1.2.3.4', ',', 'x', '::1, [', '']],
  ['Sec-WebSocket-Key', ['', 'x', 'dGhlIHNhbXBsZSBub25jZQ==']],
  ['Sec-WebSocket-Version', ['13', '8', '0', 'x']],
  ['Sec-WebSocket-Protocol', ['graphql-transport-ws', 'graphql-ws', ',', '']],
  ['Sec-WebSocket-Extensions', ['permessage-deflate', 'permessage-deflate; client_max_window_bits=99', ';', '']],
]

/** Changes one to three things of a request, knowing what they mean. */
export function mutateRequest(request: HttpParts, random: SeededRandom): void {
  for (let times = 1 + random.below(3); times > 0; times--) mutateOne(request, random)
}

function mutateOne(request: HttpParts, random: SeededRandom): void {
  const at = random.below(Math.max(request.headers.length, 1))
  switch (random.below(14)) {
    case 0:
      request.method = random.oneOf(methods)
      return
    case 1:
      request.target = random.oneOf([random.oneOf(targets), request.target + random.oneOf(targets)])
      return
    case 2:
    case 3:
      request.target = mutateText(request.target, random)
      return
    case 4:
      request.version = random.oneOf(versions)
      return
    case 5:
      request.headers.splice(at, 1)
      return
    case 6: {
      const header = request.headers[at]
      if (header !== undefined) request.headers.push([header[0], header[1]])
      return
    }
    case 7: {
      const header = request.headers[at]
      if (header !== undefined) header[1] = mutateText(header[1], random)
      return
    }
    case 8:
    case 9: {
      const [name, values] = random.oneOf(headers)
      request.headers.push([name, random.oneOf([...values, String(random.oneOf(interestingNumbers))])])
      return
    }
    case 10: {
      const [name, values] = random.oneOf(headers)
      const present = request.headers.find(([other]) => other.toLowerCase() === name.toLowerCase())
      if (present === undefined) request.headers.push([name, random.oneOf(values)])
      else present[1] = random.oneOf(values)
      return
    }
    case 11:
      request.body = request.body.subarray(0, random.below(request.body.length + 1))
      return
    default:
      request.body = mutateBytes(request.body, random)
  }
}

/** Writes a request down; its length or its chunks are right, or wrong in one of the ways in which they can be. */
export function writeRequest(request: HttpParts, random: SeededRandom): Buffer {
  const { method, target, version, body } = request
  const lines = [`${method} ${target} ${version}`, ...request.headers.map(([name, value]) => `${name}: ${value}`)]
  let content = body
  if (body.length > 0)
    if (random.below(3) === 0) {
      lines.push('Transfer-Encoding: chunked')
      content = chunked(body, random)
    } else {
      const wrong = random.below(10) === 0
      const length = wrong ? random.oneOf([body.length - 1, body.length + 1, body.length + 100, 0]) : body.length
      lines.push(`Content-Length: ${length}`)
    }
  const lineEnd = random.below(50) === 0 ? random.oneOf(['\n', '\r', '\r\r\n']) : '\r\n'
  return Buffer.concat([Buffer.from(`${lines.join(lineEnd)}${lineEnd}${lineEnd}`, 'latin1'), content])
}

function chunked(body: Buffer, random: SeededRandom): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; at < body.length; ) {
    const length = Math.min(1 + random.below(body.length), body.length - at)
    const size = random.oneOf([
      length.toString(16),
      length.toString(16),
      `0${length.toString(16)}`,
      length.toString(16),
    ])
    const odd = random.below(20) === 0
    const said = odd
      ? random.oneOf(['-1', 'ffffffffffffffff', 'g', '', `${size};x=${'y'.repeat(100)}`, `${size} `])
      : size
    pieces.push(Buffer.from(`${said}\r\n`), body.subarray(at, at + length), Buffer.from('\r\n'))
    at += length
  }
  const end = random.below(20) === 0 ? random.oneOf(['', '0\r\n', '0\r\nX: y\r\n\r\n', '00\r\n\r\n']) : '0\r\n\r\n'
  return Buffer.concat([...pieces, Buffer.from(end)])
}

/** Changes text as bytes, each a character. */
export function mutateText(text: string, random: SeededRandom): string {
  return mutateBytes(Buffer.from(text, 'latin1'), random).toString('latin1')
}
