import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createProject } from '../../application/create-project.ts'
import { createOrganization } from '../../application/index.ts'
import { Setup } from '../../application/setup.ts'
import { type OrganizationId, parseStreamName, streams } from '../../domain/index.ts'
import { importExport } from '../../event-log/index.ts'
import { registerRest } from '../../rest/index.ts'
import { collect } from '../support/event-log/events.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { runCommand } from '../support/run-command.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const stillAllowed = async () => undefined

async function start() {
  const server = await startGraphQLServer({
    register: (http, _application, rest) => registerRest(http, rest),
  })
  const get = (user: { readonly token: string } | undefined, path = '/audit-log/export', signal?: AbortSignal) =>
    fetch(new URL(path, server.url), {
      headers: user === undefined ? {} : { authorization: `Bearer ${user.token}` },
      ...(signal === undefined ? {} : { signal }),
    })
  return { server, get }
}

it('gives auditors everything of their organization, and nothing of another', async () => {
  const { server, get } = await start()
  const other = new Setup(randomUUID() as OrganizationId)
  await createOrganization(server.dependencies, other, { name: 'Others' })
  const theirs = { slug: 'theirs', name: 'Theirs', description: null, repositoryUrl: null }
  const { projectId } = await createProject(server.dependencies, other, theirs)
  // A refusal of somebody who may not read it stands in the log, too.
  expect((await get(server.submitter)).status).toBe(403)
  const answer = await get(server.auditor)
  expect(answer.status).toBe(200)
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'application/jsonl; charset=utf-8',
    'cache-control': 'no-store',
  })
  const text = await answer.text()
  for (const foreign of [other.organizationId, projectId, 'theirs']) expect(text).not.toContain(foreign)
  const { log: copy, file } = await importExport(
    (async function* () {
      yield Buffer.from(text)
    })(),
  )
  const { events, faultCount, header } = file
  expect({ faultCount, organizationId: header.organizationId }).toEqual({
    faultCount: 0,
    organizationId: server.organizationId,
  })
  const own = (await collect(server.log.readAll())).filter(
    ({ metadata }) => metadata.organizationId === server.organizationId,
  )
  expect(events).toBe(own.length)
  const kinds = new Set((await collect(copy.readAll())).map(({ streamId }) => parseStreamName(streamId)?.kind))
  await copy.close()
  for (const kind of ['organization', 'user', 'project', 'projectSlug', 'signingPolicySlug', 'security'])
    expect(kinds).toContain(kind)
})

it('is for auditors and administrators, and a refusal is recorded', async () => {
  const { server, get } = await start()
  expect((await get(undefined)).status).toBe(401)
  expect((await get(server.administrator)).status).toBe(200)
  const refused = await get(server.submitter)
  expect([refused.status, await refused.json()]).toMatchObject([403, { code: 'FORBIDDEN' }])
  await until('the refusal is recorded', async () => {
    const events = await collect(
      server.log.readStream(streams.security(server.organizationId, new Date().toISOString())),
    )
    return events.some(({ data }) => JSON.stringify(data).includes('exportAuditLog'))
  })
})

it('begins at a position of this log, and refuses any other text', async () => {
  const { server, get } = await start()
  const events = await collect(server.log.readAll())
  const last = events.at(-1)
  const text = await (await get(server.auditor, `/audit-log/export?from=${last?.position}`)).text()
  expect(text.split('\n').filter((line) => line.includes('"streamId"'))).toHaveLength(1)
  for (const from of ['1', '0'.repeat(15), 'f'.repeat(32), '%00', 'x'.repeat(1_000)]) {
    const answer = await get(server.auditor, `/audit-log/export?from=${from}`)
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'POSITION_MALFORMED' }])
  }
  const twice = await get(server.auditor, '/audit-log/export?from=a&from=b')
  expect(await twice.json()).toMatchObject({ code: 'ARGUMENTS_AMBIGUOUS' })
})

it('is one at a time of an organization, and free again when a client went away', async () => {
  const { server } = await start()
  const caller = await server.application.authenticate({ apiToken: server.auditor.token }, undefined)
  const first = (await server.application.exportAuditLog(caller, { stillAllowed }))[Symbol.asyncIterator]()
  await expect(server.application.exportAuditLog(caller, { stillAllowed })).rejects.toMatchObject({
    code: 'EXPORT_IN_PROGRESS',
  })
  await first.return?.()
  const second = (await server.application.exportAuditLog(caller, { stillAllowed }))[Symbol.asyncIterator]()
  while ((await second.next()).done !== true);
  await expect(server.application.exportAuditLog(caller, { from: 'x', stillAllowed })).rejects.toMatchObject({
    code: 'POSITION_MALFORMED',
  })
  await (await server.application.exportAuditLog(caller, { stillAllowed }))[Symbol.asyncIterator]().return?.()
})

it('is saved by the command line', async () => {
  const { server } = await start()
  const workingDirectory = temporaryFolder()
  const environment = { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: server.auditor.token }
  const args = ['audit', 'export', '--output', 'own.jsonl', '--json']
  const { code, stdout } = await runCommand(args, { workingDirectory, environment })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ output: join(workingDirectory, 'own.jsonl') })
  const refused = await runCommand(args, {
    workingDirectory,
    environment: { ...environment, COUNTERSIGN_TOKEN: server.submitter.token },
  })
  expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('FORBIDDEN') })
})
