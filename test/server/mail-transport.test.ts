import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readSettings } from '../../server/configuration.ts'
import { configuredTransport } from '../../server/mail-transport.ts'
import { startMailServer } from '../support/mail-server.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const settingsOf = (environment: Readonly<Record<string, string>>) => readSettings({ environment })
const mail = {
  id: '11111111-1111-4111-8111-111111111111',
  to: 'ada@example.test',
  subject: 'x',
  text: 'x\n',
  html: '<p>x</p>\n',
  date: new Date('2026-03-01T12:00:00Z'),
  thread: null,
  unsubscribe: null,
}

describe('the configured mail server', () => {
  it('is reached with user and password of a file, by TLS whose authority is named', async () => {
    const login = { user: 'signing', password: 'correct horse' }
    const server = await startMailServer({ login })
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'password'), 'correct horse\n')
    writeFileSync(join(folder, 'ca.pem'), server.authorities)
    const configured = configuredTransport(
      settingsOf({
        COUNTERSIGN_MAIL_SERVER: `smtp://127.0.0.1:${server.port}`,
        COUNTERSIGN_MAIL_FROM: 'signing@corp.test',
        COUNTERSIGN_MAIL_USER: login.user,
        COUNTERSIGN_MAIL_PASSWORD_FILE: join(folder, 'password'),
        COUNTERSIGN_MAIL_TLS_CA: join(folder, 'ca.pem'),
      }),
      false,
    )
    expect(configured?.reachesPeople).toBe(true)
    expect(await configured?.transport.send(mail)).toEqual({ outcome: 'accepted' })
    configured?.transport.close()
    expect(server.encrypted).toEqual([true, true])
  })

  it('is none by default, and a folder in embedded mode', () => {
    expect(configuredTransport(settingsOf({}), false)).toBeUndefined()
    expect(configuredTransport(settingsOf({}), true)?.reachesPeople).toBe(false)
  })

  const server = { COUNTERSIGN_MAIL_SERVER: 'smtp://mail.test', COUNTERSIGN_MAIL_FROM: 'a@b.test' }
  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['no sender', { COUNTERSIGN_MAIL_SERVER: 'smtp://mail.test' }, /COUNTERSIGN_MAIL_FROM/],
    ['a user without a password', { ...server, COUNTERSIGN_MAIL_USER: 'a' }, /belong together/],
    [
      'credentials that would go in plain text',
      { ...server, COUNTERSIGN_MAIL_USER: 'a', COUNTERSIGN_MAIL_PASSWORD: 'b', COUNTERSIGN_MAIL_REQUIRE_TLS: 'false' },
      /plain text/,
    ],
    [
      'credentials in the address',
      { ...server, COUNTERSIGN_MAIL_SERVER: 'smtp://a:hunter2@mail.test' },
      /settings of their own/,
    ],
    ['a sender with a name', { ...server, COUNTERSIGN_MAIL_FROM: 'A <a@b.test>' }, /one address/],
    ['a line break in the sender', { ...server, COUNTERSIGN_MAIL_FROM_NAME: 'A\r\nBcc: x@y.test' }, /one line/],
  ])('is refused with %s', (_what, environment, says) => {
    const configure = () => configuredTransport(settingsOf(environment), false)
    expect(configure).toThrow(
      expect.objectContaining({ code: 'CONFIGURATION_INVALID', message: expect.stringMatching(says) }),
    )
    expect(configure).not.toThrow(/hunter2/)
  })
})
