import { describe, expect, it } from 'vitest'
import { followRequest } from '../../cli/following/follow-request.ts'
import { createReport } from '../../cli/output/report.ts'
import { useCommandLine } from '../support/command-line.ts'
import type { StandInRequest } from '../support/stand-in-answers.ts'
import { until } from '../support/until.ts'

const quick = { pollMs: 20, quietMs: 5_000, silentMs: 5_000 }
const limits = { awayMs: 20_000, faultMs: 20_000 }

const at = useCommandLine()

/** Follows a request to its end; `seen` grows meanwhile. */
function follow(request: StandInRequest, options: Partial<Parameters<typeof followRequest>[2]> = {}) {
  const nobody = { isTTY: false, columns: 80, write: () => {}, writeBytes: async () => {} }
  const terminal = {
    environment: {},
    workingDirectory: '/',
    stdout: nobody,
    stderr: nobody,
    canAsk: false,
    askSecret: async () => '',
    readInput: async () => '',
    ask: async () => '',
    interruption: () => new AbortController().signal,
  }
  const seen: number[] = []
  const ended = (async () => {
    const signal = new AbortController().signal
    const follows = { report: createReport(terminal, false), signal, pace: quick, limits, ...options }
    for await (const { events } of followRequest(at.connection, request.signingRequestId, follows))
      seen.push(...events.map(({ revision }) => revision))
  })()
  ended.catch(() => {})
  return { seen, ended }
}

describe('who follows a request', () => {
  it('sees every event once and in order, however often connections break', async () => {
    const request = at.service.add()
    const { seen, ended } = follow(request)
    let calls = 0
    await until('the first event', () => seen.length === 1)
    at.service.behaviour.intercept = ({ socket }) => {
      calls++
      if (calls % 3 === 0) return false
      socket.destroy()
      return true
    }
    for (let attempt = 1; attempt <= 60; attempt++) {
      at.service.happen(request, 'SigningStarted', { attempt }, {})
      if (attempt % 10 === 0) await until('some are seen', () => seen.length > attempt - 10)
      if (attempt % 20 === 0) await at.service.stop().then(() => at.service.startAgain())
    }
    at.service.complete(request, Buffer.from('signed'))
    await ended
    expect(seen).toEqual(Array.from({ length: 62 }, (_, index) => index))
  })

  it('looks for itself when a subscription stands and says nothing', async () => {
    at.service.behaviour.intercept = ({ headers }, response) => {
      if (headers.accept !== 'text/event-stream') return false
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n')
      return true
    }
    const request = at.service.add()
    const { seen, ended } = follow(request, { pace: { ...quick, quietMs: 50 } })
    await until('the first event', () => seen.length === 1)
    at.service.complete(request, Buffer.from('signed'))
    await ended
    expect(seen).toEqual([0, 1])
  })

  it('gives up a subscription without any sign of life and begins another', async () => {
    let subscriptions = 0
    at.service.behaviour.intercept = ({ headers }, response) => {
      if (headers.accept !== 'text/event-stream') return false
      subscriptions++
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      return true
    }
    const request = at.service.add()
    const { ended } = follow(request, { pace: { ...quick, silentMs: 50 } })
    await until('another subscription', () => subscriptions > 2)
    at.service.complete(request, Buffer.from('signed'))
    await ended
  })

  it('does not wait for ever for a service that stays away', async () => {
    const request = at.service.add()
    const { seen, ended } = follow(request, { limits: { awayMs: 300, faultMs: 300 } })
    await until('the first event', () => seen.length === 1)
    await at.service.stop()
    await expect(ended).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE', exitCode: 8 })
  })

  it('ends when the token does not work any more', async () => {
    const request = at.service.add()
    const { seen, ended } = follow(request)
    await until('the first event', () => seen.length === 1)
    at.service.behaviour.intercept = (_, response) => {
      const body = JSON.stringify({ errors: [{ message: 'Revoked.', extensions: { code: 'TOKEN_REVOKED' } }] })
      response.writeHead(401, { 'content-type': 'application/json' }).end(body)
      return true
    }
    at.service.happen(request, 'SigningStarted', { attempt: 1 }, {})
    await at.service.stop().then(() => at.service.startAgain())
    await expect(ended).rejects.toMatchObject({ code: 'TOKEN_REVOKED', exitCode: 7 })
  })
})
