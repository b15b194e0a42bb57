import { copyFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { pino } from 'pino'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { readSettings } from '../../server/configuration.ts'
import { registerHealth } from '../../server/health.ts'
import { newHttpServer, urlOf } from '../../server/http-server.ts'
import { listen } from '../../server/listen.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { makeTlsAuthority, type TlsAuthority, type TlsIdentity } from '../support/tls-authority.ts'
import { until } from '../support/until.ts'

const folder = suiteFolder()
let authority: TlsAuthority
let first: TlsIdentity
let renewed: TlsIdentity

beforeAll(async () => {
  authority = await makeTlsAuthority(folder, 'authority')
  first = await authority.issue('first', 'IP:127.0.0.1')
  renewed = await authority.issue('renewed', 'IP:127.0.0.1')
})

const settingsOf = (environment: Readonly<Record<string, string>>) =>
  readSettings({ environment: { ...environment, COUNTERSIGN_DATA: folder } })

async function serve(certificate: string, key: string) {
  const lines: string[] = []
  const logger = pino({}, { write: (line: string) => void lines.push(line) })
  const settings = settingsOf({
    COUNTERSIGN_PORT: '0',
    COUNTERSIGN_TLS_CERTIFICATE: certificate,
    COUNTERSIGN_TLS_KEY: key,
  })
  const { fastify } = newHttpServer(settings, logger)
  registerHealth(
    fastify,
    async () => ({ status: 'up', checks: {} }),
    () => false,
  )
  await listen(fastify, { ...settings, port: 0 })
  onTestFinished(() => fastify.close())
  return { url: urlOf(fastify, settings), logged: () => lines.join('') }
}

/** Asks over a connection of its own, unless an agent keeps one. */
function ask(url: string, agent = new Agent()) {
  return new Promise<{ readonly status: number; readonly hsts: unknown; readonly subject: string }>(
    (resolve, reject) => {
      request(`${url}/health/live`, { ca: authority.certificate, agent }, (answer) => {
        const subject = String((answer.socket as TLSSocket).getPeerCertificate().subject.CN)
        answer.resume()
        answer.once('end', () =>
          resolve({ status: answer.statusCode ?? 0, hsts: answer.headers['strict-transport-security'], subject }),
        )
      })
        .on('error', reject)
        .end()
    },
  )
}

describe('a process that speaks TLS to its clients', () => {
  it('proves who it is, has browsers stay with TLS, and says https in its address', async () => {
    const { url } = await serve(first.certificateFile, first.keyFile)
    expect(url).toMatch(/^https:/)
    expect(await ask(url)).toEqual({ status: 200, hsts: 'max-age=31536000', subject: 'first' })
  })

  it('takes no version of TLS with known weaknesses, and no plain HTTP', async () => {
    const { url } = await serve(first.certificateFile, first.keyFile)
    const port = Number(new URL(url).port)
    const old = connect({
      port,
      host: '127.0.0.1',
      ca: authority.certificate,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
    })
    await expect(
      new Promise((resolve, reject) => old.once('secureConnect', resolve).once('error', reject)),
    ).rejects.toThrow()
    await expect(fetch(`http://127.0.0.1:${port}/health/live`)).rejects.toThrow()
    expect((await ask(url)).status).toBe(200)
  })

  it('takes up a renewed certificate while it runs, and keeps connections that are open', async () => {
    const [certificate, key] = [join(folder, 'live.pem'), join(folder, 'live.key')]
    await copyFile(first.certificateFile, certificate)
    await copyFile(first.keyFile, key)
    const { url, logged } = await serve(certificate, key)
    const kept = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => kept.destroy())
    expect((await ask(url, kept)).subject).toBe('first')
    // Half of a renewal: a key that is not the certificate's changes nothing.
    await copyFile(renewed.keyFile, key)
    await until('it was looked at', () => logged().includes('TLS_FILE_UNUSABLE'), 30_000)
    expect((await ask(url)).subject).toBe('first')
    await copyFile(renewed.certificateFile, certificate)
    await until('the new one is shown', async () => (await ask(url)).subject === 'renewed', 30_000)
    expect((await ask(url, kept)).status).toBe(200)
  })

  it.each([
    ['a certificate without a key', () => [first.certificateFile, undefined], 'CONFIGURATION_INVALID'],
    ['a key of another certificate', () => [first.certificateFile, renewed.keyFile], 'TLS_FILE_UNUSABLE'],
    ['a file that is not there', () => [join(folder, 'none.pem'), first.keyFile], 'TLS_FILE_UNUSABLE'],
  ])('does not start with %s', async (_, files, code) => {
    const [certificate, key] = files()
    const settings = settingsOf({
      ...(certificate === undefined ? {} : { COUNTERSIGN_TLS_CERTIFICATE: certificate }),
      ...(key === undefined ? {} : { COUNTERSIGN_TLS_KEY: key }),
    })
    expect(() => newHttpServer(settings, pino({ level: 'silent' }))).toThrow(expect.objectContaining({ code }))
  })
})
