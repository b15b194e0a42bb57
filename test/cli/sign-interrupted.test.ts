import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { signed, useCommandLine } from '../support/command-line.ts'
import { until } from '../support/until.ts'

const at = useCommandLine()
const { sign } = at

describe('countersign sign, interrupted,', () => {
  it('lives through a restart of the service while it waits', async () => {
    let printed = ''
    const running = sign(['--out', 'signed.exe'], { printed: ({ stderr }) => (printed = stderr) })
    const request = await until('the submission', () => [...at.service.requests.values()][0])
    await until('the first event', () => printed.includes('Submitted setup.exe'))
    await at.service.stop()
    await until('the note', () => printed.includes('cannot be reached'))
    at.service.complete(request, signed)
    await at.service.startAgain()
    expect(await running).toMatchObject({ code: 0 })
    expect(printed.match(/Submitted setup.exe/g)).toHaveLength(1)
    expect(readFileSync(join(at.folder, 'signed.exe'))).toEqual(signed)
  })

  it('waits by asking again and again where subscriptions do not get through', async () => {
    at.service.behaviour.intercept = ({ headers }, response) => {
      if (headers.accept !== 'text/event-stream') return false
      response.writeHead(406, { 'content-type': 'text/html' }).end('<h1>Not Acceptable</h1>')
      return true
    }
    const running = sign(['--out', 'signed.exe'])
    const request = await until('the submission', () => [...at.service.requests.values()][0])
    await until('several looks', () => at.service.calls.filter((call) => call === 'POST /graphql').length > 6)
    at.service.complete(request, signed)
    expect(await running).toMatchObject({ code: 0 })
  })

  it('begins a broken upload anew and submits once', async () => {
    let broken = 0
    at.service.behaviour.submitted = (request) => at.service.complete(request, signed)
    at.service.behaviour.intercept = ({ url, socket }) => {
      if (!url?.startsWith('/uploads') || broken > 0) return false
      broken++
      socket.destroy()
      return true
    }
    expect(await sign(['--out', 'signed.exe'])).toMatchObject({ code: 0 })
    expect(broken).toBe(1)
    expect(at.service.requests.size).toBe(1)
  })

  it('gives up an upload that is cut every time', async () => {
    let cut = 0
    at.service.behaviour.intercept = ({ url, socket }) => {
      if (!url?.startsWith('/uploads')) return false
      cut++
      socket.destroy()
      return true
    }
    expect(await sign(['--out', 'signed.exe'])).toMatchObject({ code: 8 })
    expect(cut).toBe(4)
  })

  it('submits again when the answer to the submission is lost, and finds the request that it made', async () => {
    at.service.behaviour.submitted = async (request) => {
      at.service.complete(request, signed)
      await at.service.stop()
      await at.service.startAgain()
    }
    expect(await sign(['--out', 'signed.exe'])).toMatchObject({ code: 0 })
    expect(at.service.requests.size).toBe(1)
    expect(readFileSync(join(at.folder, 'signed.exe'))).toEqual(signed)
  })

  it('says by which key to go on when the service stays away that may have taken the submission', async () => {
    at.service.behaviour.submitted = () => void at.service.stop()
    const ran = await sign(['--out', 'signed.exe', '--timeout', '1s', '--json'])
    expect(ran).toMatchObject({ code: 9, stdout: '' })
    const { error } = JSON.parse(ran.stderr) as { error: { code: string; hint: string } }
    expect(error.code).toBe('SUBMISSION_UNCERTAIN')
    const [, key = ''] = /--idempotency-key "([^"]+)"/.exec(error.hint) ?? []
    await at.service.startAgain()
    const again = await sign(['--no-wait', '--idempotency-key', key])
    expect(again).toMatchObject({ code: 0, stdout: `${[...at.service.requests.keys()].join()}\n` })
    expect(at.service.requests.size).toBe(1)
  })

  it('says how to go on when it is interrupted, and cancels nothing', async () => {
    const interruption = new AbortController()
    const running = sign(['--out', 'signed.exe'], { interruption: interruption.signal })
    const request = await until('the submission', () => [...at.service.requests.values()][0])
    await until('the subscription', () => at.service.calls.length > 5)
    interruption.abort()
    const ran = await running
    expect(ran).toMatchObject({ code: 130, stdout: '' })
    expect(ran.stderr).toContain(`countersign request watch ${request.signingRequestId}`)
    expect(ran.stderr).toContain(`countersign sign --attach ${request.signingRequestId} --out FILE`)
    expect(request.workflowStatus).toBe('Submitted')
  })

  it('gives up after --timeout with a code of its own', async () => {
    const ran = await sign(['--out', 'signed.exe', '--timeout', '1s', '--json'])
    expect(ran.code).toBe(9)
    const { signingRequestId, out } = JSON.parse(ran.stdout) as Record<string, string>
    expect([...at.service.requests.keys()]).toEqual([signingRequestId])
    expect(out).toBeNull()
    const { error } = JSON.parse(ran.stderr) as { error: { code: string; hint: string } }
    expect(error.code).toBe('TIMED_OUT')
    expect(error.hint).toContain(`countersign request watch ${signingRequestId}`)
  })
})

describe('countersign hash sign, interrupted,', () => {
  it('says by which key its signature is had later', async () => {
    const hash = ['hash', 'sign', 'setup.exe', '--project', 'demo', '--policy', 'hashes', '--algorithm', 'ecdsa']
    const interruption = new AbortController()
    let printed = ''
    const running = at.countersign(hash, {
      interruption: interruption.signal,
      printed: ({ stderr }) => (printed = stderr),
    })
    await until('the request is followed', () => printed.includes('Submitted hashes.json'))
    interruption.abort()
    const ran = await running
    expect(ran).toMatchObject({ code: 130, stdout: '' })
    const [request] = at.service.requests.values()
    const [, key = ''] = /--idempotency-key "([^"]+)"/.exec(ran.stderr) ?? []
    if (request !== undefined) at.service.complete(request, signed)
    const again = await at.countersign([...hash, '--idempotency-key', key])
    expect(again).toMatchObject({ code: 0, stdout: `${Buffer.from('signature').toString('base64')}\n` })
    expect(at.service.requests.size).toBe(1)
  })
})
