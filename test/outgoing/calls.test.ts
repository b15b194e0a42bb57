import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type OutgoingAnswer, type OutgoingRequest, type OutgoingSettings, openOutgoing } from '../../outgoing/index.ts'
import { answeringServer, rawServer } from '../support/answering-server.ts'
import { freePort } from '../support/free-port.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { makeTlsAuthority } from '../support/tls-authority.ts'
import { until } from '../support/until.ts'

const local = { allowHttp: true, allowedNetworks: ['127.0.0.1/32'] }
const get: OutgoingRequest = { method: 'GET', maximumBytes: 1_000_000, wholeMs: 60_000 }

function outgoing(settings: OutgoingSettings = {}) {
  const opened = openOutgoing({ ...local, ...settings })
  onTestFinished(() => opened.close())
  return opened
}

async function read({ body }: OutgoingAnswer): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** What a call fails with, be it before its answer or while that is read. */
async function failureOf(call: Promise<OutgoingAnswer>): Promise<unknown> {
  try {
    await read(await call)
  } catch (error) {
    return error
  }
  throw new Error('The call did not fail.')
}

describe('a call', () => {
  it('sends method, headers and body as they are said, and gives status, headers and bytes', async () => {
    let body = ''
    const server = await answeringServer((request, response) => {
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => response.writeHead(201, { 'X-Answer': 'yes' }).end('done'))
    })
    const bytes = Buffer.from('{"name":"é"}')
    const headers = { Authorization: 'Bearer abc', 'Content-Type': 'application/json' }
    const answer = await outgoing().request(`${server.url}/a/b?c=d`, { ...get, method: 'POST', headers, body: bytes })
    expect([answer.status, answer.headers['x-answer'], await read(answer)]).toEqual([201, 'yes', 'done'])
    expect(body).toBe('{"name":"é"}')
    expect(server.asked).toMatchObject([
      {
        method: 'POST',
        url: '/a/b?c=d',
        headers: { authorization: 'Bearer abc', 'accept-encoding': 'identity', connection: 'close' },
      },
    ])
  })

  it('goes to no address but those that were checked, though the name stands for another one each time', async () => {
    const server = await answeringServer((_, response) => response.end('inside'))
    const answers = [[{ address: '1.1.1.1', family: 4 }], [{ address: '127.0.0.1', family: 4 }]]
    const resolve = async () => answers.shift() ?? [{ address: '127.0.0.1', family: 4 }]
    const strict = outgoing({ resolve, allowedNetworks: [] })
    const url = `http://rebinding.test:${server.port}/`
    await strict.checkTarget(url)
    expect(await failureOf(strict.request(url, get))).toMatchObject({ code: 'OUTGOING_ADDRESS_REFUSED' })
    expect(server.connections()).toBe(0)
  })

  it('asks for the addresses of a name once, and connects to one of these', async () => {
    const server = await answeringServer((_, response) => response.end('inside'))
    let asked = 0
    const resolve = async () => {
      asked += 1
      return [{ address: asked === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]
    }
    expect(await read(await outgoing({ resolve }).request(`http://name.test:${server.port}/`, get))).toBe('inside')
    expect(asked).toBe(1)
  })

  it('does not go to a name of which one address is refused, nor to an IP address that is', async () => {
    const server = await answeringServer((_, response) => response.end('inside'))
    const resolve = async () => [
      { address: '127.0.0.1', family: 4 },
      { address: '169.254.169.254', family: 4 },
    ]
    for (const url of [`http://two.test:${server.port}/`])
      expect(await failureOf(outgoing({ resolve }).request(url, get))).toMatchObject({
        code: 'OUTGOING_ADDRESS_REFUSED',
      })
    const strict = outgoing({ allowedNetworks: [] })
    for (const host of ['127.0.0.1', '127.1', '[::1]', '[::ffff:127.0.0.1]', 'localhost'])
      expect(await failureOf(strict.request(`http://${host}:${server.port}/`, get))).toMatchObject({
        code: 'OUTGOING_ADDRESS_REFUSED',
      })
    expect(server.connections()).toBe(0)
  })

  it('by TLS needs a certificate of a known authority, for the name that was called', async () => {
    const authority = await makeTlsAuthority(temporaryFolder(), 'calls')
    const right = await authority.issue('right', 'IP:127.0.0.1,DNS:right.test')
    const server = await answeringServer((_, response) => response.end('inside'), right)
    const authorities = authority.certificate.toString()
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
    const trusting = outgoing({ authorities, resolve, allowHttp: false })
    expect(await read(await trusting.request(`${server.url}/`, get))).toBe('inside')
    expect(await read(await trusting.request(`https://right.test:${server.port}/`, get))).toBe('inside')
    const unreachable = { code: 'OUTGOING_UNREACHABLE', transient: true }
    expect(await failureOf(trusting.request(`https://wrong.test:${server.port}/`, get))).toMatchObject({
      ...unreachable,
      reason: 'ERR_TLS_CERT_ALTNAME_INVALID',
    })
    expect(await failureOf(outgoing().request(`${server.url}/`, get))).toMatchObject(unreachable)
  })

  it('fails with one text, whether nothing listens, the name is unknown, or TLS fails', async () => {
    const silent = await rawServer((socket) => socket.end('no TLS'))
    const places = [`https://127.0.0.1:${await freePort()}`, `https://127.0.0.1:${silent.port}`, 'https://unknown.test']
    const resolve = async () => Promise.reject(Object.assign(new Error('secret'), { code: 'ENOTFOUND' }))
    const texts = []
    for (const place of places) {
      const error = (await failureOf(outgoing({ resolve }).request(`${place}/path?query=canary`, get))) as Error
      expect(error).toMatchObject({ code: 'OUTGOING_UNREACHABLE' })
      expect(error.cause).toBeUndefined()
      expect(JSON.stringify(error)).not.toMatch(/canary|path|secret/)
      texts.push(error.message.replace(place, ''))
    }
    expect(new Set(texts).size).toBe(1)
  })
})

describe('an answer', () => {
  it.each(['Content-Encoding', 'Transfer-Encoding'])('is refused when it is packed (%s)', async (name) => {
    const server = await rawServer((socket) => {
      const body = gzipSync('packed')
      socket.write(`HTTP/1.1 200 OK\r\n${name}: gzip\r\nConnection: close\r\n\r\n`)
      socket.end(body)
    })
    const answer = await outgoing().request(server.url, get)
    expect(answer.status).toBe(200)
    await expect(read(answer)).rejects.toMatchObject({ code: 'OUTGOING_ANSWER_ENCODED', transient: false })
  })

  it('without end is ended at its limit, and its connection with it', async () => {
    let closed = false
    const server = await answeringServer((_, response) => {
      response.on('close', () => {
        closed = true
      })
      const more = () => {
        while (!closed && response.write(Buffer.alloc(65_536))) {
          // As much as it takes.
        }
      }
      response.on('drain', more)
      more()
    })
    const tooLarge = { code: 'OUTGOING_ANSWER_TOO_LARGE', transient: false }
    expect(await failureOf(outgoing().request(server.url, get))).toMatchObject(tooLarge)
    await until('the connection to be closed', () => closed)
  })

  it('that says to be larger than its limit is not read', async () => {
    const server = await answeringServer((_, response) =>
      response.writeHead(200, { 'content-length': 1_000_001 }).flushHeaders(),
    )
    expect(await failureOf(outgoing().request(server.url, get))).toMatchObject({ code: 'OUTGOING_ANSWER_TOO_LARGE' })
  })

  it.each(['Content-Length: 100', 'Transfer-Encoding: chunked'])('that is cut is none (%s)', async (framing) => {
    const server = await rawServer((socket) => {
      socket.once('data', () => {
        socket.end(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n5\r\nhello`)
      })
    })
    const answer = await outgoing().request(server.url, get)
    expect(answer.saysItsEnd).toBe(true)
    await expect(read(answer)).rejects.toMatchObject({ code: 'OUTGOING_INTERRUPTED', transient: true })
  })

  it('that only the end of the connection ends does not say its end', async () => {
    const server = await rawServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nhello'))
    })
    const answer = await outgoing().request(server.url, get)
    expect([answer.saysItsEnd, await read(answer)]).toEqual([false, 'hello'])
  })

  it('that is no HTTP is none', async () => {
    const server = await rawServer((socket) => socket.end('220 smtp ready\r\n'))
    const error = await failureOf(outgoing().request(server.url, get))
    expect(error).toMatchObject({ code: 'OUTGOING_INTERRUPTED' })
    expect(`${error}${JSON.stringify(error)}`).not.toContain('smtp')
  })

  it('that does not come, or stops, ends after the time for silence', async () => {
    const server = await answeringServer((request, response) => {
      if (request.url === '/begins') response.writeHead(200, { 'content-length': 10 }).write('begin')
    })
    const impatient = outgoing({ idleMs: 50 })
    for (const path of ['/silent', '/begins'])
      expect(await failureOf(impatient.request(`${server.url}${path}`, get))).toMatchObject({
        code: 'OUTGOING_TIMED_OUT',
        transient: true,
      })
  })

  it('that trickles ends after the time for the whole', async () => {
    const server = await answeringServer((_, response) => {
      const timer = setInterval(() => response.write('x'), 5)
      response.on('close', () => clearInterval(timer))
    })
    const error = await failureOf(outgoing().request(server.url, { ...get, wholeMs: 100 }))
    expect(error).toMatchObject({ code: 'OUTGOING_TIMED_OUT' })
  })

  it('ends with the reason of the signal of whoever called', async () => {
    const server = await answeringServer((_, response) => response.writeHead(200).write('begin'))
    const calling = new AbortController()
    const answer = await outgoing().request(server.url, { ...get, signal: calling.signal })
    const reading = read(answer)
    const reason = new Error('called off')
    calling.abort(reason)
    await expect(reading).rejects.toBe(reason)
  })

  it('that nobody reads harms nobody when its connection breaks', async () => {
    const server = await answeringServer((_, response) => response.writeHead(200, { 'content-length': 10 }).write('x'))
    const answer = await outgoing().request(server.url, get)
    server.cut()
    await expect(read(answer)).rejects.toMatchObject({ code: 'OUTGOING_INTERRUPTED' })
  })
})

describe('an answer that leads elsewhere', () => {
  const leading = (location: string | undefined, status = 302) =>
    answeringServer((_, response) => response.writeHead(status, location === undefined ? {} : { location }).end())

  it('is an answer as any other unless it is to be followed, and never followed with a body', async () => {
    const server = await leading('/elsewhere')
    expect(await outgoing().request(server.url, get)).toMatchObject({ status: 302 })
    const post = { ...get, method: 'POST', redirects: 3, body: Buffer.from('x') } as const
    expect(await outgoing().request(server.url, post)).toMatchObject({ status: 302 })
    expect(server.asked.length).toBe(2)
  })

  it('is followed with all headers within its origin, and with none of them to another', async () => {
    const headers = { Authorization: 'Bearer canary', 'X-Api-Key': 'canary' }
    const last = await answeringServer((_, response) => response.end('there'))
    const first = await answeringServer((request, response) => {
      const location = request.url === '/one' ? '/two' : `${last.url}/three`
      response.writeHead(307, { location }).end()
    })
    const answer = await outgoing().request(`${first.url}/one`, { ...get, headers, redirects: 2 })
    expect([await read(answer), answer.url.href]).toEqual(['there', `${last.url}/three`])
    const secrets = { authorization: 'Bearer canary', 'x-api-key': 'canary' }
    expect(first.asked).toMatchObject([
      { url: '/one', headers: secrets },
      { url: '/two', headers: secrets },
    ])
    expect(JSON.stringify(last.asked)).not.toContain('canary')
  })

  it('does not bring headers back to the origin that they were for', async () => {
    const second = await answeringServer((_, response) =>
      response.writeHead(302, { location: `${first.url}/back` }).end(),
    )
    const first = await answeringServer((request, response) => {
      if (request.url === '/back') response.end('back')
      else response.writeHead(302, { location: second.url }).end()
    })
    const headers = { authorization: 'Bearer canary' }
    expect(await read(await outgoing().request(first.url, { ...get, headers, redirects: 2 }))).toBe('back')
    expect(first.asked[1]?.headers.authorization).toBeUndefined()
  })

  it('is not followed more often than wanted', async () => {
    const server = await leading('/again')
    const error = await failureOf(outgoing().request(server.url, { ...get, redirects: 3 }))
    expect(error).toMatchObject({ code: 'OUTGOING_REDIRECT_REFUSED', transient: false })
    expect(server.asked.length).toBe(4)
  })

  it('does not lead to an address that may not be called', async () => {
    const inside = await answeringServer((_, response) => response.end('inside'))
    // The server stands at 127.0.0.1, which is allowed; the other addresses of the machine are not.
    const resolve = async (name: string) => [{ address: name === 'inside.test' ? '127.0.0.2' : '127.0.0.1', family: 4 }]
    for (const host of ['127.0.0.2', '[::1]', 'inside.test', '169.254.169.254']) {
      const server = await leading(`http://${host}:${inside.port}/`)
      const error = await failureOf(outgoing({ resolve }).request(server.url, { ...get, redirects: 1 }))
      expect(error).toMatchObject({ code: 'OUTGOING_ADDRESS_REFUSED' })
    }
    for (const location of ['file:///etc/passwd', 'http://user:canary@127.0.0.1/', 'http://[', undefined]) {
      const server = await leading(location)
      const error = await failureOf(outgoing().request(server.url, { ...get, redirects: 1 }))
      expect(error).toMatchObject({ code: 'OUTGOING_REDIRECT_REFUSED' })
      expect((error as Error).message).not.toContain('canary')
    }
    expect(inside.connections()).toBe(0)
  })

  it('does not lead from https to http', async () => {
    const authority = await makeTlsAuthority(temporaryFolder(), 'downgrade')
    const plain = await answeringServer((_, response) => response.end('plain'))
    const server = await answeringServer(
      (_, response) => response.writeHead(302, { location: plain.url }).end(),
      await authority.issue('server', 'IP:127.0.0.1'),
    )
    const trusting = outgoing({ authorities: authority.certificate.toString() })
    const error = await failureOf(trusting.request(server.url, { ...get, redirects: 1 }))
    expect(error).toMatchObject({ code: 'OUTGOING_REDIRECT_REFUSED' })
    expect(plain.connections()).toBe(0)
  })
})
