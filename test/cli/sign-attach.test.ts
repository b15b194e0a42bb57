import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { signed, useCommandLine } from '../support/command-line.ts'

const at = useCommandLine()
const { countersign } = at

describe('countersign sign --attach', () => {
  it('takes up a request that was submitted before, and saves what was signed, without submitting anything', async () => {
    const request = at.service.add()
    at.service.complete(request, signed)
    const ran = await countersign(['sign', '--attach', request.signingRequestId, '--out', 'signed.exe', '--json'])
    expect(JSON.parse(ran.stdout)).toMatchObject({
      signingRequestId: request.signingRequestId,
      out: join(at.folder, 'signed.exe'),
      signingRequest: { status: 'Completed' },
    })
    expect(ran.code).toBe(0)
    expect(readFileSync(join(at.folder, 'signed.exe'))).toEqual(signed)
    expect(at.service.requests.size).toBe(1)
  })

  it('finds a request by the key under which it was submitted', async () => {
    const submitted = await at.sign(['--no-wait', '--idempotency-key', 'build 817'])
    const request = at.service.requests.get(submitted.stdout.trim())
    if (request !== undefined) at.service.complete(request, signed)
    const attach = ['sign', '--attach', '--out', 'signed.exe', '--idempotency-key']
    expect(await countersign([...attach, 'build 817'])).toMatchObject({ code: 0 })
    expect(readFileSync(join(at.folder, 'signed.exe'))).toEqual(signed)
    const unknown = await countersign([...attach, 'build 818'])
    expect(unknown).toMatchObject({ code: 6, stdout: '' })
    expect(unknown.stderr).toContain('error: SIGNING_REQUEST_NOT_FOUND: ')
  })

  it('wants one name of the request, and nothing that is said with a submission', async () => {
    const id = at.service.add().signingRequestId
    const out = ['--out', 'signed.exe']
    for (const wrong of [
      ['sign', '--attach', ...out],
      ['sign', '--attach', id, '--idempotency-key', 'x', ...out],
      ['sign', '--attach', id, '--project', 'demo', ...out],
      ['sign', '--attach', id, '--cancel-after', '1h', ...out],
      ['sign', '--attach', id, '--from-link', 'https://builds.example.com/setup.exe', ...out],
      ['sign', 'setup.exe', '--attach', id, ...out],
      ['sign', '--attach', id],
    ])
      expect([wrong, (await countersign(wrong)).code]).toEqual([wrong, 2])
  })
})
