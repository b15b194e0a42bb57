import { createServer, type IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { clientOf, isAddressRange, trustedProxies } from '../../http/client.ts'

const request = (remoteAddress: string | undefined, headers: IncomingMessage['headers'] = {}) =>
  ({ socket: { remoteAddress }, headers }) as unknown as IncomingMessage

describe('who sent a request', () => {
  const trusted = trustedProxies(['10.0.0.0/8', '192.0.2.7', 'fd00::/8'])
  const addressOf = (peer: string | undefined, forwardedFor?: string) =>
    clientOf(request(peer, forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }), trusted).address

  it.each([
    ['the connection', '198.51.100.1', undefined, '198.51.100.1'],
    ['the connection, whatever somebody who is no proxy says', '198.51.100.1', '203.0.113.9', '198.51.100.1'],
    ['the connection, in the plain form of IPv4', '::ffff:198.51.100.1', undefined, '198.51.100.1'],
    ['what a trusted proxy says', '10.1.2.3', '203.0.113.9', '203.0.113.9'],
    ['what a trusted proxy says that is seen as IPv6', '::ffff:10.1.2.3', '203.0.113.9', '203.0.113.9'],
    ['what a trusted proxy of IPv6 says', 'fd00::1', '2001:db8::1', '2001:db8::1'],
    ['the last address that is no trusted proxy', '10.1.2.3', '1.1.1.1, 203.0.113.9, 192.0.2.7', '203.0.113.9'],
    ['the first proxy, when all are trusted', '10.1.2.3', '10.9.9.9, 192.0.2.7', '10.9.9.9'],
    ['the last address that can be read', '10.1.2.3', '203.0.113.9, evil<>, 192.0.2.7', '192.0.2.7'],
    ['the proxy, when what it says is no address', '10.1.2.3', 'unknown', '10.1.2.3'],
    ['the proxy, when it says nothing', '10.1.2.3', '', '10.1.2.3'],
    ['an address without its port', '10.1.2.3', '203.0.113.9:4711', '203.0.113.9'],
    ['an address without its brackets', '10.1.2.3', '[2001:db8::1]:4711', '2001:db8::1'],
    ['nobody, when the connection is gone', undefined, '203.0.113.9', undefined],
  ])('is %s', (_, peer, forwardedFor, address) => {
    expect(addressOf(peer, forwardedFor)).toBe(address)
  })

  it('spoke TLS when a trusted proxy says so, and only then', () => {
    const protocolOf = (peer: string, said: string) =>
      clientOf(request(peer, { 'x-forwarded-proto': said }), trusted).protocol
    expect(protocolOf('10.1.2.3', 'https')).toBe('https')
    expect(protocolOf('10.1.2.3', 'http')).toBe('http')
    expect(protocolOf('10.1.2.3', 'https, http')).toBe('http')
    expect(protocolOf('198.51.100.1', 'https')).toBe('http')
  })

  it('may come through a proxy whose address is seen as IPv6', () => {
    expect(['::ffff:10.1.2.3', '10.1.2.3', 'fd00::1', '::ffff:11.1.2.3', 'x'].map(trusted.has)).toEqual([
      ...[true, true, true],
      ...[false, false],
    ])
  })

  it('is the connection where no proxy is trusted', () => {
    expect(clientOf(request('10.1.2.3', { 'x-forwarded-for': '203.0.113.9' }), trustedProxies([])).address).toBe(
      '10.1.2.3',
    )
  })

  it('is asked of headers as Node joins them', async () => {
    const server = createServer((incoming, response) =>
      response.end(clientOf(incoming, trustedProxies(['127.0.0.1'])).address),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const headers = [
      ['x-forwarded-for', '203.0.113.1'],
      ['x-forwarded-for', '203.0.113.2'],
    ] as [string, string][]
    const response = await fetch(`http://127.0.0.1:${port}`, { headers })
    expect(await response.text()).toBe('203.0.113.2')
    server.close()
  })
})

describe('a range of addresses', () => {
  it.each(['10.0.0.1', '10.0.0.0/8', '0.0.0.0/0', '::1', 'fd00::/8', '2001:db8::/128'])('%s is one', (text) => {
    expect(isAddressRange(text)).toBe(true)
  })

  it.each(['', '1', 'true', '10.0.0.0/33', '10.0.0/8', 'fd00::/129', 'example.com', '10.0.0.0/', '10.0.0.0/8/8', '/8'])(
    '«%s» is none',
    (text) => {
      expect(isAddressRange(text)).toBe(false)
    },
  )
})
