import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { OrganizationId, WebHookId } from '../../domain/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { runCommand } from '../support/run-command.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { deliveredTo } from '../support/web-hooks.ts'

it('a web hook is created, changed, given a secret, disabled, deleted and looked at by commands', async () => {
  const server = await startGraphQLServer()
  const environment = { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: server.administrator.token }
  const run = (...args: readonly string[]) => runCommand(['web-hook', ...args], { environment })
  const json = async (...args: readonly string[]) => {
    const { stdout, stderr } = await run(...args, '--json')
    expect(stderr).toBe('')
    return JSON.parse(stdout)
  }
  const file = join(temporaryFolder(), 'authorization')
  writeFileSync(file, 'Bearer canary-99\n')
  const url = 'https://hooks.example/signed'
  const { webHookId, secret } = await json(
    'create',
    url,
    '--name',
    'CI',
    '--project',
    'demo',
    '--authorization-file',
    file,
  )
  expect(secret).toMatch(/^whsec_/)
  expect((await run('create', url, '--name', 'All', '--event', 'completed', 'failed')).stdout).toMatch(/^whsec_\S+\n$/)
  expect(await json('list')).toMatchObject({ webHooks: [{ name: 'All', project: null }, { name: 'CI' }] })
  expect(await json('list', '--project', 'demo')).toMatchObject({ webHooks: [{ name: 'CI' }] })
  expect((await run('list')).stdout).toMatch(/CI +demo +.*enabled +https:\/\/hooks\.example\/signed/)

  await json('update', webHookId, '--name', 'Builds', '--event', 'completed')
  expect(await json('show', webHookId)).toMatchObject({
    name: 'Builds',
    url,
    eventTypes: ['completed'],
    hasAuthorization: true,
    secrets: [{ validUntil: null }],
    revision: 1,
  })
  await json('update', webHookId, '--no-authorization')
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
  const second = await json('rotate-secret', webHookId, '--previous-until', tomorrow)
  expect(second.secret).not.toBe(secret)
  await json('disable', webHookId, '--reason', 'moved')
  const { stdout } = await run('show', webHookId)
  expect(stdout).toMatch(/why +moved/)
  expect(stdout).toMatch(/authorization +none/)
  for (const hidden of [secret, second.secret, 'canary-99']) expect(stdout).not.toContain(hidden)
  await json('enable', webHookId)

  const { notifications, organizationId } = server
  const deliveryId = await deliveredTo(notifications, organizationId as OrganizationId, webHookId as WebHookId)
  expect(await json('deliveries', webHookId)).toMatchObject({ deliveries: [{ deliveryId, status: 'delivered' }] })
  expect(await json('deliveries', webHookId, '--status', 'abandoned')).toEqual({ deliveries: [] })
  expect(await json('deliveries', '--delivery', deliveryId)).toMatchObject({
    deliveryId,
    body: '{}',
    attempts: [{ status: 200, answer: 'ok', failure: null }],
  })
  expect((await run('deliveries', '--delivery', deliveryId)).stdout).toMatch(/200 +12 ms/)
  expect(await json('resend', deliveryId)).toMatchObject({ deliveryId })
  expect(await run('deliveries')).toMatchObject({ code: 2 })

  expect(await run('disable', webHookId, '--based-on', '1')).toMatchObject({
    code: 6,
    stderr: expect.stringContaining('CHANGE_STALE'),
  })
  await json('delete', webHookId)
  expect(await json('list', '--project', 'demo')).toEqual({ webHooks: [] })
  expect(await run('enable', webHookId)).toMatchObject({
    code: 6,
    stderr: expect.stringContaining('WEB_HOOK_NOT_FOUND'),
  })
  expect(await run('create', url, '--name', 'X', '--event', 'everything')).toMatchObject({ code: 2 })
})
