import { pino } from 'pino'
import { expect, it } from 'vitest'
import { registerRest } from '../../rest/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'

async function service() {
  const logged: string[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) })
  const server = await startGraphQLServer({
    register: (http, _application, rest) => registerRest(http, { ...rest, logger }),
  })
  async function accept(body: string | object, headers: Readonly<Record<string, string>> = {}) {
    const response = await fetch(`${server.url}/invitations/accept`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    const text = await response.text()
    return { status: response.status, body: JSON.parse(text), text, headers: response.headers }
  }
  const invite = () => server.application.inviteUser(server.setup, { email: 'ivy@example.com', name: null, roles: [] })
  return { server, accept, invite, logged }
}

it('an invitation is accepted by its token in the body, which is in no answer and no log line', async () => {
  const { server, accept, invite, logged } = await service()
  const { userId, token } = await invite()
  const accepted = await accept({ invitation: token })
  expect(accepted).toMatchObject({ status: 200, body: { userId, token: expect.stringMatching(/^cs_/) } })
  expect(accepted.headers.get('cache-control')).toBe('no-store')
  const { data } = await server.ask({ token: accepted.body.token }, '{ viewer { userId } }')
  expect(data.viewer.userId).toBe(userId)
  const again = await accept({ invitation: token })
  expect(again).toMatchObject({ status: 410, body: { code: 'INVITATION_ACCEPTED' } })
  expect(`${again.text} ${logged.join(' ')}`).not.toContain(token)
})

it('whatever is wrong with the request is said, changes nothing, and repeats nothing', async () => {
  const { accept, invite } = await service()
  const { token } = await invite()
  for (const [body, status, code] of [
    ['', 400, 'REQUEST_MALFORMED'],
    [`{"invitation": "${token}"`, 400, 'REQUEST_MALFORMED'],
    [`{"invitation": "${token}", "invitation2": "x"}`, 400, 'INPUT_MALFORMED'],
    ['{}', 400, 'INPUT_MALFORMED'],
    [JSON.stringify({ invitation: token, tokenName: '\u0000' }), 400, 'NAME_MALFORMED'],
    [JSON.stringify({ invitation: `${token}x` }), 403, 'INVITATION_INVALID'],
    [JSON.stringify({ invitation: 'x'.repeat(5000) }), 413, 'REQUEST_MALFORMED'],
  ] as const) {
    const answer = await accept(body)
    expect([body.slice(0, 20), answer.status, answer.body.code]).toEqual([body.slice(0, 20), status, code])
    expect(answer.text).not.toContain(token)
  }
  expect(await accept('x', { 'content-type': 'text/plain' })).toMatchObject({ status: 415 })
  expect((await accept({ invitation: token })).status).toBe(200)
})
