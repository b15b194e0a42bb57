import { expect, test } from 'vitest'
import { mostWebHooks } from '../../domain/index.ts'
import { openWebHookPorts } from '../../server/web-hooks.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { webHookWorld } from '../support/web-hook-world.ts'

test('there are no more web hooks than each request can be told to; one that is deleted makes room', async () => {
  const { hook, test: app, administrator } = await webHookWorld()
  const first = await hook()
  for (let number = 1; number < mostWebHooks; number += 1) await hook()
  const kept = app.secrets.size
  await expect(hook()).rejects.toMatchObject({ code: 'WEB_HOOKS_TOO_MANY' })
  expect(app.secrets.size).toBe(kept)
  await app.application.deleteWebHook(administrator, { webHookId: first.webHookId })
  await hook()
})

test('web hooks are counted of a project, and for all projects, as the log is now', async () => {
  const { application, setup, organizationId, notifications, log, readModel } = await startGraphQLServer()
  const { count } = openWebHookPorts({ notifications, log, readModel })
  const settings = { name: 'Hook', url: 'https://hooks.example/', authorization: null, secret: null }
  const create = () => application.createWebHook(setup, { ...settings, projectId: null, eventTypes: ['failed'] })
  const { webHookId } = await create()
  await create()
  expect(await count(organizationId, null)).toBe(2)
  await application.deleteWebHook(setup, { webHookId })
  expect(await count(organizationId, null)).toBe(1)
  expect(await count(organizationId, organizationId as never)).toBe(0)
})
