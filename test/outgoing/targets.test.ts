import { describe, expect, it, onTestFinished } from 'vitest'
import { type OutgoingSettings, openOutgoing, requireHeaders } from '../../outgoing/index.ts'

function outgoing(settings: OutgoingSettings = {}) {
  const opened = openOutgoing({ resolve: async () => [{ address: '1.1.1.1', family: 4 }], ...settings })
  onTestFinished(() => opened.close())
  return opened
}

const invalid = { code: 'OUTGOING_URL_INVALID', transient: false }
const refused = { code: 'OUTGOING_ADDRESS_REFUSED', transient: false }

describe('an address when it is said', () => {
  it('is absolute, and https unless the operator allows http', async () => {
    for (const text of [
      '',
      'example.com/x',
      '/x',
      '//x',
      'file:///etc/passwd',
      'ftp://x/',
      'https:',
      'https:/x',
      'https:x',
    ])
      await expect(outgoing().checkTarget(text)).rejects.toMatchObject(invalid)
    for (const text of ['https://exa mple/', 'https://x/\r\nhost: y', ' https://x/', `https://x/${'a'.repeat(8_200)}`])
      await expect(outgoing().checkTarget(text)).rejects.toMatchObject(invalid)
    await expect(outgoing().checkTarget('http://example.com/x')).rejects.toMatchObject(invalid)
    expect((await outgoing({ allowHttp: true }).checkTarget('http://example.com/x')).href).toBe('http://example.com/x')
    expect((await outgoing().checkTarget('HTTPS://example.com/x?y#z')).href).toBe('https://example.com/x?y')
  })

  it('names neither user nor password, which no error repeats', async () => {
    for (const text of [
      'https://user:canary-4711@example.com/',
      'https://canary-4711@example.com/',
      'https://:canary-4711@x/',
    ]) {
      const error: unknown = await outgoing()
        .checkTarget(text)
        .catch((thrown: unknown) => thrown)
      expect(error).toMatchObject(invalid)
      expect(`${error} ${JSON.stringify(error)} ${(error as Error).stack}`).not.toContain('canary')
    }
  })

  it.each([
    ...['https://127.0.0.1/', 'https://127.1/', 'https://0x7f.0.0.1/', 'https://2130706433/', 'https://0177.0.0.1/'],
    ...[
      'https://[::1]/',
      'https://[::ffff:127.0.0.1]/',
      'https://[64:ff9b::7f00:1]/',
      'https://169.254.169.254/x',
      'https://0/',
    ],
  ])('is refused as an IP address of no public server, however it is written: %s', async (text) => {
    await expect(outgoing().checkTarget(text)).rejects.toMatchObject(refused)
  })

  it('is refused when one of all the addresses that its name stands for is', async () => {
    const resolve = async () => [
      { address: '1.1.1.1', family: 4 },
      { address: 'fd00::1', family: 6 },
    ]
    await expect(outgoing({ resolve }).checkTarget('https://example.com/')).rejects.toMatchObject(refused)
    const allowedNetworks = ['fd00::/16']
    await outgoing({ resolve, allowedNetworks }).checkTarget('https://example.com/')
  })

  it('passes when its name is not known now, or not in time', async () => {
    const unknown = async () => Promise.reject(new Error('ENOTFOUND'))
    await outgoing({ resolve: unknown }).checkTarget('https://example.com/')
    const never = () => new Promise<never>(() => undefined)
    await outgoing({ resolve: never, connectMs: 1 }).checkTarget('https://example.com/')
  })
})

describe('headers that somebody else wants sent', () => {
  it.each([
    ...[
      'Host',
      'content-length',
      'Transfer-Encoding',
      'CONNECTION',
      'Accept-Encoding',
      'Expect',
      'Range',
      'Upgrade',
      'Te',
    ],
    ...['', 'a b', 'a:b', 'a\r\nb', 'ä', 'a'.repeat(129)],
  ])('are none that say how HTTP is spoken, and have names that are tokens: %j', (name) => {
    expect(() => requireHeaders({ [name]: 'x' })).toThrow(expect.objectContaining({ code: 'OUTGOING_HEADER_INVALID' }))
  })

  it.each(['canary\r\nx: y', 'canary\n', 'canary\0', ' canary', 'canary\t', 'canary-é', 'canary'.repeat(2_000)])(
    'have values of visible ASCII, which no error repeats: %j',
    (value) => {
      expect(() => requireHeaders({ authorization: value })).toThrow(
        expect.objectContaining({
          code: 'OUTGOING_HEADER_INVALID',
          message: expect.not.stringContaining('canary') as string,
        }),
      )
    },
  )

  it('are named once each, and not too many', () => {
    expect(() => requireHeaders({ 'X-Key': 'a', 'x-key': 'b' })).toThrow(/twice/)
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`x-${index}`, 'y']))
    expect(() => requireHeaders(many)).toThrow(/At most 32/)
    requireHeaders({ Authorization: 'Bearer abc', 'PRIVATE-TOKEN': '', 'x-tab': 'a\tb' })
  })
})
