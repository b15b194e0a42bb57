import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'
import { type RunOptions, runCommand } from './run-command.ts'
import { type StandInService, startStandInService } from './stand-in-service.ts'

const unsigned = Buffer.from('the program')
const signed = Buffer.from('the program, signed')

let service: StandInService
let folder: string

beforeEach(async () => {
  service = await startStandInService()
  folder = temporaryFolder()
  writeFileSync(join(folder, 'setup.exe'), unsigned)
})

function sign(args: readonly string[], options: RunOptions = {}) {
  return runCommand(['sign', 'setup.exe', '--project', 'demo', '--policy', 'test-signing', ...args], {
    workingDirectory: folder,
    environment: { COUNTERSIGN_URL: service.url, COUNTERSIGN_TOKEN: 'token-of-ci' },
    ...options,
  })
}

describe('countersign sign, interrupted,', () => {
  it('lives through a restart of the service while it waits', async () => {
    let printed = ''
    const running = sign(['--out', 'signed.exe'], { printed: ({ stderr }) => (printed = stderr) })
    const request = await until('the submission', () => [...service.requests.values()][0])
    await until('the first event', () => printed.includes('Submitted setup.exe'))
    await service.stop()
    await until('the note', () => printed.includes('cannot be reached'))
    service.complete(request, signed)
    await service.startAgain()
    expect(await running).toMatchObject({ code: 0 })
    expect(printed.match(/Submitted setup.exe/g)).toHaveLength(1)
    expect(readFileSync(join(folder, 'signed.exe'))).toEqual(signed)
  })

  it('waits by asking again and again where subscriptions do not get through', async () => {
    service.behaviour.intercept = ({ headers }, response) => {
      if (headers.accept !== 'text/event-stream') return false
      response.writeHead(406, { 'content-type': 'text/html' }).end('<h1>Not Acceptable</h1>')
      return true
    }
    const running = sign(['--out', 'signed.exe'])
    const request = await until('the submission', () => [...service.requests.values()][0])
    await until('several looks', () => service.calls.filter((call) => call === 'POST /graphql').length > 6)
    service.complete(request, signed)
    expect(await running).toMatchObject({ code: 0 })
  })

  it('begins a broken upload anew and submits once', async () => {
    let broken = 0
    service.behaviour.submitted = (request) => service.complete(request, signed)
    service.behaviour.intercept = ({ url, socket }) => {
      if (!url?.startsWith('/uploads') || broken > 0) return false
      broken++
      socket.destroy()
      return true
    }
    expect(await sign(['--out', 'signed.exe'])).toMatchObject({ code: 0 })
    expect(broken).toBe(1)
    expect(service.requests.size).toBe(1)
  })

  it('gives up an upload that is cut every time', async () => {
    let cut = 0
    service.behaviour.intercept = ({ url, socket }) => {
      if (!url?.startsWith('/uploads')) return false
      cut++
      socket.destroy()
      return true
    }
    expect(await sign(['--out', 'signed.exe'])).toMatchObject({ code: 8 })
    expect(cut).toBe(4)
  })

  it('submits again when the answer to the submission is lost, and finds the request that it made', async () => {
    service.behaviour.submitted = async (request) => {
      service.complete(request, signed)
      await service.stop()
      await service.startAgain()
    }
    expect(await sign(['--out', 'signed.exe'])).toMatchObject({ code: 0 })
    expect(service.requests.size).toBe(1)
    expect(readFileSync(join(folder, 'signed.exe'))).toEqual(signed)
  })

  it('says by which key to go on when the service stays away that may have taken the submission', async () => {
    service.behaviour.submitted = () => void service.stop()
    const ran = await sign(['--out', 'signed.exe', '--timeout', '1s', '--json'])
    expect(ran).toMatchObject({ code: 9, stdout: '' })
    const { error } = JSON.parse(ran.stderr) as { error: { code: string; hint: string } }
    expect(error.code).toBe('SUBMISSION_UNCERTAIN')
    const [, key = ''] = /--idempotency-key "([^"]+)"/.exec(error.hint) ?? []
    await service.startAgain()
    const again = await sign(['--no-wait', '--idempotency-key', key])
    expect(again).toMatchObject({ code: 0, stdout: `${[...service.requests.keys()].join()}\n` })
    expect(service.requests.size).toBe(1)
  })

  it('says how to go on when it is interrupted, and cancels nothing', async () => {
    const interruption = new AbortController()
    const running = sign(['--out', 'signed.exe'], { interruption: interruption.signal })
    const request = await until('the submission', () => [...service.requests.values()][0])
    await until('the subscription', () => service.calls.length > 5)
    interruption.abort()
    const ran = await running
    expect(ran).toMatchObject({ code: 130, stdout: '' })
    expect(ran.stderr).toContain(`countersign request watch ${request.signingRequestId}`)
    expect(ran.stderr).toContain(`countersign request download ${request.signingRequestId} --out FILE`)
    expect(request.workflowStatus).toBe('Submitted')
  })

  it('gives up after --timeout with a code of its own', async () => {
    const ran = await sign(['--out', 'signed.exe', '--timeout', '1s', '--json'])
    expect(ran.code).toBe(9)
    const { signingRequestId, out } = JSON.parse(ran.stdout) as Record<string, string>
    expect([...service.requests.keys()]).toEqual([signingRequestId])
    expect(out).toBeNull()
    const { error } = JSON.parse(ran.stderr) as { error: { code: string; hint: string } }
    expect(error.code).toBe('TIMED_OUT')
    expect(error.hint).toContain(`countersign request watch ${signingRequestId}`)
  })
})
