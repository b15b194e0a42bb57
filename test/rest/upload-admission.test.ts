import { describe, expect, it } from 'vitest'
import type { UploadQuotas } from '../../artifacts/index.ts'
import { registerRest } from '../../rest/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { rawConnection } from '../support/raw-connection.ts'
import { until } from '../support/until.ts'

/** The HTTP API over real use cases, log and store. */
async function server(uploadQuotas: UploadQuotas = {}) {
  return startGraphQLServer({
    uploadQuotas,
    register: (http, _application, rest) => registerRest(http, rest),
  })
}

function post(url: string, token: string, length: number) {
  return [
    'POST /uploads?fileName=setup.exe HTTP/1.1',
    `Host: ${new URL(url).host}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/octet-stream',
    `Content-Length: ${length}`,
    'Expect: 100-continue',
    '',
    '',
  ].join('\r\n')
}

describe('an upload over HTTP', () => {
  it('of somebody who could submit it nowhere is refused without being invited', async () => {
    const { url, auditor, administrator, submitter } = await server()
    const port = Number(new URL(url).port)
    for (const { token } of [auditor, administrator]) {
      const connection = await rawConnection(port, post(url, token, 500_000))
      const answer = await until('the answer', () => connection.answer().includes('}') && connection.answer())
      expect(answer).toMatch(/^HTTP\/1\.1 403 /)
      expect(answer).toContain('"code":"FORBIDDEN"')
    }
    const invited = await rawConnection(port, post(url, submitter.token, 9))
    await until('the invitation', () => invited.answer().startsWith('HTTP/1.1 100 '))
  })

  it('beyond the quota is refused without being invited, and says when to come again', async () => {
    const { url, submitter } = await server({ user: 300_000 })
    const port = Number(new URL(url).port)
    const upload = (body: Uint8Array<ArrayBuffer>) =>
      fetch(`${url}/uploads?fileName=setup.exe`, {
        method: 'POST',
        headers: { authorization: `Bearer ${submitter.token}`, 'content-type': 'application/octet-stream' },
        body,
      })
    expect((await upload(new Uint8Array(200_000))).status).toBe(201)
    const connection = await rawConnection(port, post(url, submitter.token, 150_000))
    const answer = await until('the answer', () => connection.answer().includes('}') && connection.answer())
    expect(answer).toMatch(/^HTTP\/1\.1 429 .*retry-after: 60\r\n/is)
    expect(answer).toContain('"code":"UPLOAD_QUOTA_EXCEEDED"')
    expect(answer).toContain('An operator can raise the quota')
    const tooLarge = await rawConnection(port, post(url, submitter.token, 300_001))
    await until('the other answer', () => tooLarge.answer().startsWith('HTTP/1.1 413 '))
  })
})
