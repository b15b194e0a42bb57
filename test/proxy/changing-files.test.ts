import type { Server } from 'node:https'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NodeCertificate } from '../support/node-authority.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { serviceOf, startTestProxy, type TestProxy, urlOf } from '../support/test-proxy.ts'
import { makeTlsAuthority } from '../support/tls-authority.ts'
import { until } from '../support/until.ts'

const folder = suiteFolder()
const info = '/Api/v1/Meta/SystemInfo'

/** How often the service was asked. */
let asked = 0
let at: TestProxy
let node: NodeCertificate
let service: Server
beforeAll(async () => {
  at = await startTestProxy(folder, async (authority) => {
    service = await serviceOf(authority, (_request, response) => {
      asked += 1
      response.writeHead(201).end()
    })
    return urlOf(service)
  })
  node = await at.issuing.issue('build-01')
})
afterAll(async () => {
  await at.proxy.close()
  service.close()
})

describe('a node', () => {
  it('is refused with one answer, whatever is wrong with the certificate, and the log says what', async () => {
    const [past, later] = [new Date(Date.now() - 7_200_000), new Date(Date.now() + 7_200_000)]
    const other = await (await at.root.below('Unlisted')).issue('build-09')
    const nodes = [
      undefined,
      await at.issuing.issue('expired', { notBefore: past, notAfter: new Date(Date.now() - 3_600_000) }),
      await at.issuing.issue('later', { notBefore: new Date(Date.now() + 3_600_000), notAfter: later }),
      await at.issuing.issue('office', { subject: '/OU=Office/CN=office' }),
      other,
    ]
    const bodies = await Promise.all(nodes.map(async (each) => (await at.ask(await at.agentOf(each), info, {})).body))
    expect(new Set(bodies).size).toBe(1)
    expect(JSON.parse(bodies[0] ?? '').code).toBe('PROXY_CERTIFICATE_REFUSED')
    const logged = JSON.stringify(at.lines().filter(({ decision }) => decision === 'refused'))
    for (const reason of ['certificateMissing', 'expired', 'notYetValid', 'subject', 'chainUntrusted'])
      expect(logged).toContain(`"${reason}"`)
  })
})

describe('files that change', () => {
  it('revoke a node on its open connection, and lose no request of another one', async () => {
    const [agent, doomed] = [await at.agentOf(node), await at.issuing.issue('doomed')]
    const doomedAgent = await at.agentOf(doomed)
    expect(await at.ask(doomedAgent, info)).toMatchObject({ status: 201 })
    let isOver = false
    let served = 0
    const load = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        expect(await at.ask(agent, info)).toMatchObject({ status: 201 })
        served += 1
      }
    })
    await at.issuing.revoke(doomed)
    await at.write('issuing.crl', await at.issuing.list())
    await until(
      'the revoked node is refused',
      async () => (await at.ask(doomedAgent, info).catch(() => undefined))?.status === 403,
    )
    const before = served
    await until('others were served after that', async () => served > before + 20)
    isOver = true
    await Promise.all(load)
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
      expect(await at.ask(await at.agentOf(doomed, { minVersion: version, maxVersion: version }), info)).toMatchObject({
        status: 403,
      })
  })

  it('that are broken change nothing, and are said', async () => {
    const right = await at.issuing.list()
    for (const [content, code] of [
      ['no list', 'PROXY_FILE_INVALID'],
      [await (await at.root.below('Foreign')).list(), 'PROXY_CRL_WITHOUT_AUTHORITY'],
    ] as const) {
      await at.write('issuing.crl', content)
      await until('it is said', async () => (await (await at.operations('/health/ready')).text()).includes(code))
      expect(await at.ask(await at.agentOf(node), info)).toMatchObject({ status: 201 })
    }
    await at.write('issuing.crl', right)
    await until(
      'it is taken over',
      async () =>
        (await at.operations('/health/ready').then((answer) => answer.json())).parts.configuration.status === 'up',
    )
  })

  it('with a list that is out of date refuse where it must be current, and health says so', async () => {
    await at.write('issuing.crl', await at.issuing.list(-60))
    await until('it is refused', async () => (await at.ask(await at.agentOf(node), info)).status === 403)
    const health = await at.operations('/health/ready')
    expect(health.status).toBe(503)
    expect(await health.json()).toMatchObject({
      parts: { revocation: { status: 'down', authorities: [{ crl: 'hard', ocsp: 'not checked' }] } },
    })
    await at.write('issuing.crl', await at.issuing.list())
    await until('it is accepted', async () => (await at.ask(await at.agentOf(node), info)).status === 201)
  })
})

describe('who watches the proxy', () => {
  it('sees decisions and lists as metrics', async () => {
    const metrics = await (await at.operations('/metrics')).text()
    expect(metrics).toMatch(/countersign_proxy_decisions_total\{outcome="accepted",rule_set="build",reason=""\} \d+/)
    expect(metrics).toMatch(/countersign_proxy_crl_entries\{file="issuing.crl"\} \d+/)
    expect(await (await at.operations('/health/live')).json()).toEqual({ status: 'up' })
  })
})

describe('a service that does not prove its name', () => {
  it.each([
    [
      'of another authority',
      async (own: TestProxy) =>
        makeTlsAuthority(own.root.folder, 'other').then((each) => each.issue('service', 'IP:127.0.0.1')),
    ],
    ['of another name', async (own: TestProxy) => own.serviceAuthority.issue('elsewhere', 'DNS:elsewhere.example.com')],
  ])('is sent nothing: %s', async (_, identityOf) => {
    const { certificate, key } = await identityOf(at)
    const before = asked
    service.setSecureContext({ cert: certificate, key })
    service.closeAllConnections()
    try {
      await until('new connections are made', async () => (await at.ask(await at.agentOf(node), info)).status === 502)
      expect(asked).toBe(before)
    } finally {
      const right = await at.serviceAuthority.issue('service', 'IP:127.0.0.1')
      service.setSecureContext({ cert: right.certificate, key: right.key })
    }
  })
})
