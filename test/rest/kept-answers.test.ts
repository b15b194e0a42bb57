import { randomUUID } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Caller } from '../../application/index.ts'
import { keepAnswers } from '../../rest/kept-answers.ts'
import type { AnyAnswer } from '../../rest/operation.ts'
import { secretsIn } from '../support/secrets.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

function setUp() {
  const secrets = secretsIn(temporaryFolder())
  onTestFinished(() => secrets.close())
  let runs = 0
  const clock = { now: Date.now() }
  const answers = keepAnswers(secrets, () => clock.now)
  const [organizationId, userId] = [randomUUID(), randomUUID()]
  const call = { caller: { organizationId, userId, scope: null } as Caller, route: 'POST /projects', key: 'a key' }
  const made = async (): Promise<AnyAnswer> => ({ status: 201, body: { run: ++runs } })
  return { answers, call, made, clock, secrets, runs: () => runs }
}

describe('a call that is sent again by its key', () => {
  it('has one effect and one answer', async () => {
    const { answers, call, made, runs } = setUp()
    const first = await answers.once(call, { name: 'x', at: { a: 1, b: 2 } }, made)
    expect(await answers.once(call, { at: { b: 2, a: 1 }, name: 'x' }, made)).toEqual(first)
    expect(runs()).toBe(1)
  })

  it('is refused when it asks for something else', async () => {
    const { answers, call, made, runs } = setUp()
    await answers.once(call, { name: 'x' }, made)
    await expect(answers.once(call, { name: 'y' }, made)).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
    expect(runs()).toBe(1)
  })

  it('is told to come again while the first is at work', async () => {
    const { answers, call, made, runs } = setUp()
    let finish = () => {}
    const first = answers.once(call, null, async () => {
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      return made()
    })
    await expect(answers.once(call, null, made)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_IN_USE',
      retryAfter: 1,
    })
    await expect(answers.once(call, 'other', made)).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
    finish()
    expect(await answers.once(call, null, made).catch(() => first)).toEqual(await first)
    expect(runs()).toBe(1)
  })

  it('is another call for another user, organization, route or limit of the token', async () => {
    const { answers, call, made, runs } = setUp()
    await answers.once(call, null, made)
    await answers.once({ ...call, route: 'POST /users' }, null, made)
    await answers.once({ ...call, caller: { ...call.caller, userId: randomUUID() } as Caller }, null, made)
    await answers.once({ ...call, caller: { ...call.caller, organizationId: randomUUID() } as Caller }, null, made)
    const scope = { access: 'read', projects: null, networks: null } as const
    await answers.once({ ...call, caller: { ...call.caller, scope } }, null, made)
    expect(runs()).toBe(5)
  })

  it.each([401, 403, 408, 429, 500, 503])('is tried again after an answer %i', async (status) => {
    const { answers, call, made } = setUp()
    await answers.once(call, null, async () => ({ status }))
    expect(await answers.once(call, null, made)).toEqual({ status: 201, body: { run: 1 } })
  })

  it('is tried again after a failure, and gets a refusal again that will not change', async () => {
    const { answers, call, made } = setUp()
    await expect(answers.once(call, null, () => Promise.reject(new Error('away')))).rejects.toThrow('away')
    await answers.once(call, null, async () => ({ status: 404, body: {}, isProblem: true }))
    expect(await answers.once(call, null, made)).toEqual({ status: 404, body: {}, isProblem: true })
  })

  it.each(['', 'ü', 'x'.repeat(129)])('has a key of printable ASCII, not %j', async (key) => {
    const { answers, call, made, runs } = setUp()
    await expect(answers.once({ ...call, key }, null, made)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_MALFORMED',
    })
    expect(runs()).toBe(0)
  })
})
