import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { createServer, getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { templateExtension } from '../support/node-authority.ts'
import { openssl } from '../support/openssl.ts'
import { runCommand } from '../support/run-command.ts'
import { type StandInService, startStandInService } from '../support/stand-in-service.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { startTestProxy, type TestProxy } from '../support/test-proxy.ts'
import { until } from '../support/until.ts'

const folder = suiteFolder()
const template = '1.3.6.1.4.1.311.21.8.1'
const authorities = getCACertificates('default')

let service: StandInService
let at: TestProxy
/** Leads to the stand-in of the running test. */
const line = createTcpServer((socket) => {
  const onwards = connect(Number(new URL(service.url).port), '127.0.0.1')
  for (const end of [socket, onwards]) end.on('error', () => undefined)
  socket.pipe(onwards).pipe(socket)
})
beforeAll(async () => {
  await once(line.listen(0, '127.0.0.1'), 'listening')
  at = await startTestProxy(folder, async () => `http://127.0.0.1:${(line.address() as AddressInfo).port}`)
  await at.write('setup.exe', 'the program')
  setDefaultCACertificates([...authorities, at.authority.toString()])
})
afterAll(async () => {
  setDefaultCACertificates(authorities)
  await at.proxy.close()
  line.close()
})
beforeEach(async () => {
  service = await startStandInService()
})

describe('countersign sign with a client certificate', () => {
  it('submits through a proxy, by PEM', async () => {
    const { certificateFile, keyFile } = await at.issuing.issue('build-01')
    const ran = await sign('--client-certificate', certificateFile, '--client-key', keyFile)
    expect(ran).toMatchObject({ code: 0, stderr: expect.not.stringContaining('error') })
    expect(at.lines().filter(({ decision }) => decision === 'accepted').length).toBeGreaterThan(2)
  })

  it('takes of several the one of a template that is valid now, and reads PKCS #12', async () => {
    const wrong = await at.issuing.issue('office', { subject: '/OU=Office/CN=office' })
    const past = new Date(Date.now() - 7_200_000)
    const more = templateExtension(template, 1)
    const expired = await at.issuing.issue('old', {
      more,
      notBefore: past,
      notAfter: new Date(past.getTime() + 60_000),
    })
    const right = await at.issuing.issue('build-02', { more })
    const pfx = join(folder, 'right.pfx')
    await openssl(
      'pkcs12',
      '-export',
      '-in',
      right.certificateFile,
      '-inkey',
      right.keyFile,
      '-out',
      pfx,
      '-passout',
      'pass:secret',
    )
    const files = [wrong, expired].flatMap(({ certificateFile }) => ['--client-certificate', certificateFile])
    const options = [...files, '--client-certificate', pfx, '--client-key', wrong.keyFile, '--template-id', template]
    expect(await sign(...options)).toMatchObject({ code: 0 })
    expect(at.lines().at(-1)).toMatchObject({ node: { subject: expect.stringContaining('CN=build-02') } })
    expect(await sign(...options.slice(0, -1), `${template}.9`)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('CLIENT_CERTIFICATE_NOT_FOUND'),
    })
  })

  it('is refused once, and does not try again, where the proxy does not accept it', async () => {
    const { certificateFile, keyFile } = await at.issuing.issue('office', { subject: '/OU=Office/CN=office' })
    const before = at.lines().length
    const ran = await sign('--client-certificate', certificateFile, '--client-key', keyFile)
    expect(ran).toMatchObject({ code: 6, stderr: expect.stringContaining('PROXY_CERTIFICATE_REFUSED') })
    expect(at.lines().length - before).toBe(1)
  })

  it.each(['-tls1_2', '-tls1_3'])(
    'says so where the refusal is an alert, and does not try again (%s)',
    async (version) => {
      const identity = await at.serviceAuthority.issue(`alert${version}`, 'IP:127.0.0.1')
      const port = await freePort()
      const files = [
        '-cert',
        identity.certificateFile,
        '-key',
        identity.keyFile,
        '-CAfile',
        at.serviceAuthority.certificateFile,
      ]
      const server = spawn('openssl', [
        's_server',
        '-accept',
        `127.0.0.1:${port}`,
        ...files,
        '-Verify',
        '1',
        '-verify_return_error',
        version,
      ])
      server.stdin.on('error', () => undefined)
      try {
        await until('it listens', () => canConnect(port))
        await expectRefusal(port)
      } finally {
        server.kill()
      }
    },
  )

  it('says so where TLS 1.3 succeeds and is reset, and does not try again', async () => {
    const { certificate: cert, key } = await at.serviceAuthority.issue('late', 'IP:127.0.0.1')
    const late = createServer({ cert, key, minVersion: 'TLSv1.3' }, (socket) =>
      socket.once('data', () => socket.destroy()),
    )
    let connections = 0
    late.on('connection', () => {
      connections += 1
    })
    await once(late.listen(0, '127.0.0.1'), 'listening')
    try {
      await expectRefusal((late.address() as AddressInfo).port)
      expect(connections).toBe(1)
    } finally {
      late.close()
    }
  })

  it.each<[string, () => Promise<readonly string[]>, string]>([
    [
      'a key of another certificate',
      async () => [
        '--client-certificate',
        (await at.issuing.issue('a')).certificateFile,
        '--client-key',
        (await at.root.below('K')).at('node.key'),
      ],
      'CLIENT_CERTIFICATE_INVALID',
    ],
    [
      'no key',
      async () => ['--client-certificate', (await at.issuing.issue('b')).certificateFile],
      'CLIENT_CERTIFICATE_INVALID',
    ],
    ['no certificate', async () => ['--client-key', join(folder, 'setup.exe')], 'USAGE'],
    ['no such file', async () => ['--client-certificate', 'nowhere.pem'], 'FILE_UNREADABLE'],
  ])('is told what is wrong with its files: %s', async (_, options, code) => {
    expect(await sign(...(await options()))).toMatchObject({ code: 2, stderr: expect.stringContaining(code) })
  })
})

async function expectRefusal(port: number): Promise<void> {
  const { certificateFile, keyFile } = await at.issuing.issue('build-01')
  setDefaultCACertificates([...authorities, at.serviceAuthority.certificate.toString()])
  try {
    const ran = await sign(
      '--client-certificate',
      certificateFile,
      '--client-key',
      keyFile,
      '--url',
      `https://127.0.0.1:${port}`,
    )
    expect(ran).toMatchObject({ code: 6, stderr: expect.stringContaining('CLIENT_CERTIFICATE_REFUSED') })
    expect(ran.stderr).not.toContain('Trying again')
  } finally {
    setDefaultCACertificates([...authorities, at.authority.toString()])
  }
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(socket.destroy() !== undefined)).once('error', () => resolve(false))
  })
}

function sign(...options: readonly string[]) {
  const environment = {
    COUNTERSIGN_URL: `https://127.0.0.1:${at.proxy.port}`,
    COUNTERSIGN_TOKEN: 'token-of-ci',
    COUNTERSIGN_PFX_PASSWORD: 'secret',
  }
  const args = ['sign', 'setup.exe', '--project', 'demo', '--policy', 'test-signing', '--no-wait', ...options]
  return runCommand(args, { environment, workingDirectory: folder })
}
