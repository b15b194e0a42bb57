import { type AddressInfo, createServer } from 'node:net'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import type { ComposedMail } from '../../../notifications/mail/mail-transport.ts'
import { type SmtpSettings, smtpTransport } from '../../../notifications/mail/smtp.ts'
import { headersOf, partsOf, startMailServer, type TestMailServer } from '../../support/mail-server.ts'

const sender = { name: 'Countersign', address: 'signing@corp.test' }
const login = { user: 'countersign', password: 'correct horse' }
const mail: ComposedMail = {
  id: '11111111-1111-4111-8111-111111111111',
  to: 'ada@example.test',
  subject: 'setup.exe for shop/release',
  text: 'Grüße\n',
  html: '<p>Grüße</p>\n',
  date: new Date('2026-03-01T12:00:00Z'),
  thread: 'request-22222222-2222-4222-8222-222222222222',
  unsubscribe: 'https://sign.corp.test/notifications/unsubscribe/abc',
}

const opened: { close: () => void }[] = []
afterEach(() => {
  for (const each of opened.splice(0)) each.close()
})

function transportTo(server: Pick<TestMailServer, 'port' | 'authorities'>, settings: Partial<SmtpSettings> = {}) {
  const { port, authorities } = server
  const transport = smtpTransport({ host: '127.0.0.1', port, authorities, security: 'starttls', sender, ...settings })
  opened.push(transport)
  return transport
}

describe('a mail to an SMTP server', () => {
  it('goes by STARTTLS, with credentials after it, as text and HTML that thread and can be turned off', async () => {
    const server = await startMailServer({ login })
    expect(await transportTo(server, { credentials: login }).send(mail)).toEqual({ outcome: 'accepted' })
    expect(server.asked).toEqual([
      'connect',
      'auth countersign',
      'mail signing@corp.test',
      'rcpt ada@example.test',
      'data',
    ])
    expect(server.encrypted).toEqual([true, true])
    const [{ message = '' } = {}] = server.mails
    const headers = headersOf(message)
    expect(Object.fromEntries(headers)).toMatchObject({
      from: 'Countersign <signing@corp.test>',
      to: 'ada@example.test',
      subject: 'setup.exe for shop/release',
      'message-id': '<11111111-1111-4111-8111-111111111111@corp.test>',
      'in-reply-to': '<request-22222222-2222-4222-8222-222222222222@corp.test>',
      references: '<request-22222222-2222-4222-8222-222222222222@corp.test>',
      'list-unsubscribe': '<https://sign.corp.test/notifications/unsubscribe/abc>',
      'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
      'auto-submitted': 'auto-generated',
    })
    expect(partsOf(message)).toEqual(
      new Map([
        ['text/plain', 'Grüße\r\n'],
        ['text/html', '<p>Grüße</p>\r\n'],
      ]),
    )
  })

  it('goes by TLS from the beginning, and in plain text only where that is allowed and no credentials go along', async () => {
    const encrypted = await startMailServer({ security: 'tls' })
    expect(await transportTo(encrypted, { security: 'tls' }).send(mail)).toEqual({ outcome: 'accepted' })
    const plain = await startMailServer({ security: 'none' })
    expect(await transportTo(plain, { security: 'optional' }).send(mail)).toEqual({ outcome: 'accepted' })
    expect(plain.encrypted).toEqual([false])
    expect(() => transportTo(plain, { security: 'optional', credentials: login })).toThrow(/never sent/)
  })

  it('waits, and no credentials are sent, where STARTTLS is not offered', async () => {
    const server = await startMailServer({ security: 'none', login })
    const answer = await transportTo(server, { credentials: login }).send(mail)
    expect(answer).toMatchObject({ outcome: 'waits', code: 'MAIL_TLS_UNAVAILABLE' })
    expect(server.asked).toEqual(['connect'])
  })

  it.each(['tls', 'starttls'] as const)(
    'waits where the certificate (%s) leads to another authority, or is of another name',
    async (security) => {
      const server = await startMailServer({ security, login })
      const other = await startMailServer({ security, login, names: 'DNS:elsewhere.test' })
      const foreign = transportTo(
        { port: server.port, authorities: other.authorities },
        { security, credentials: login },
      )
      const misnamed = transportTo(other, { security, credentials: login })
      for (const transport of [foreign, misnamed])
        expect(await transport.send(mail)).toMatchObject({ outcome: 'waits', code: 'MAIL_TLS_UNAVAILABLE' })
      expect([...server.asked, ...other.asked].filter((each) => each !== 'connect')).toEqual([])
    },
  )

  it('waits where the server does not take the credentials', async () => {
    const server = await startMailServer({ login })
    const answer = await transportTo(server, { credentials: { ...login, password: 'wrong' } }).send(mail)
    expect(answer).toEqual({ outcome: 'waits', code: 'MAIL_LOGIN_REFUSED', reply: '535 5.7.8' })
  })

  it.each(['mail', 'rcpt', 'data'])(
    'waits after a 4xx to %s, as of greylisting, and is dead after a 5xx',
    async (command) => {
      const server = await startMailServer()
      const transport = transportTo(server)
      server.reply = (asked) => (asked.startsWith(command) ? '451 4.7.1 ada@example.test is greylisted' : undefined)
      expect(await transport.send(mail)).toEqual({ outcome: 'waits', code: 'MAIL_DEFERRED', reply: '451 4.7.1' })
      server.reply = (asked) => (asked.startsWith(command) ? '550 5.1.1 no ada@example.test here' : undefined)
      const refused = await transport.send(mail)
      // The server's own words repeat the address, and are not kept.
      expect(refused).toEqual({ outcome: 'refused', code: 'MAIL_REFUSED', reply: '550 5.1.1' })
      server.reply = () => undefined
      expect(await transport.send(mail)).toEqual({ outcome: 'accepted' })
      expect(server.mails).toHaveLength(1)
    },
  )

  it('waits while nobody listens, while the server is too busy, and while it hangs', async () => {
    const server = await startMailServer()
    server.reply = (asked) => (asked === 'connect' ? '421 4.3.2 busy' : undefined)
    expect(await transportTo(server).send(mail)).toMatchObject({ code: 'MAIL_SERVER_UNREACHABLE' })
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const hanging = transportTo({ port, authorities: server.authorities }, { stepMs: 200 })
    expect(await hanging.send(mail)).toMatchObject({ outcome: 'waits', code: 'MAIL_SERVER_UNREACHABLE' })
    await new Promise((resolve) => silent.close(resolve))
    onTestFinished(() => undefined)
    expect(await hanging.send(mail)).toMatchObject({ outcome: 'waits', code: 'MAIL_SERVER_UNREACHABLE' })
  })

  it('waits when all of it takes too long, and is given up when it is called off: nothing is taken afterwards', async () => {
    const closed = Promise.withResolvers<void>()
    const dripping = createServer((socket) => {
      socket.on('error', () => undefined)
      const drip = setInterval(() => socket.write('220-a\r\n'), 5)
      socket.on('close', () => {
        clearInterval(drip)
        closed.resolve()
      })
    })
    await new Promise<void>((resolve) => dripping.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => new Promise((resolve) => dripping.close(() => resolve())))
    const server = { port: (dripping.address() as AddressInfo).port, authorities: '' }
    const slow = transportTo(server, { security: 'optional', wholeMs: 100 })
    expect(await slow.send(mail)).toMatchObject({ outcome: 'waits', code: 'MAIL_SERVER_UNREACHABLE' })
    await closed.promise

    const taking = await startMailServer()
    const calledOff = new AbortController()
    const reason = new Error('given up')
    taking.reply = async (asked) => {
      if (asked !== 'data') return undefined
      calledOff.abort(reason)
      return '451 4.3.0 not now'
    }
    await expect(transportTo(taking).send(mail, calledOff.signal)).rejects.toBe(reason)
    expect(taking.asked.filter((each) => each === 'connect')).toHaveLength(1)
    expect(taking.mails).toEqual([])
  })

  it('is never one to a second mailbox, or to another than the address says', async () => {
    const server = await startMailServer()
    const transport = transportTo(server, { security: 'optional' })
    const hostile = [
      '"a@evil.test x"@corp.test',
      'a@x.test, b@x.test',
      'Ada <ada@example.test>',
      'g: g: g: a@x.test;;;',
      'ada@example.test\r\nBcc: eve@evil.test',
      'ada@example.test>\r\nRCPT TO:<eve@evil.test',
      `${'a'.repeat(65)}@example.test`,
      `a@${'b.'.repeat(200)}test`,
      'ada@[127.0.0.1]',
    ]
    for (const to of hostile)
      await expect(transport.send({ ...mail, to })).rejects.toMatchObject({ code: 'EMAIL_MALFORMED' })
    expect(server.asked).toEqual([])
  })

  it('has no header that somebody added to a subject or an address of ours', async () => {
    const server = await startMailServer()
    const transport = transportTo(server)
    for (const wrong of [
      { subject: 'x\r\nBcc: eve@evil.test' },
      { thread: 'x>\r\nBcc: eve@evil.test' },
      { unsubscribe: 'https://x.test/\r\nBcc: eve@evil.test' },
    ])
      await expect(transport.send({ ...mail, ...wrong })).rejects.toThrow(/may not/)
    expect(server.asked).toEqual([])
  })
})
