import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { registerRest } from '../../rest/index.ts'
import { startCuttingProxy } from '../support/cutting-proxy.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { buildPe } from '../support/pe-builder.ts'
import { runCommand } from '../support/run-command.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

it('makes one request when the answers to its submission are lost on the way', async () => {
  const server = await startGraphQLServer({
    register: (http, _application, rest) => registerRest(http, rest),
  })
  const proxy = await startCuttingProxy(server.url, 'submitSigningRequest', 2)
  const workingDirectory = temporaryFolder()
  writeFileSync(join(workingDirectory, 'setup.exe'), buildPe({ format: 'PE32' }).bytes)
  const ran = await runCommand(
    ['sign', 'setup.exe', '--project', 'demo', '--policy', 'test-signing', '--no-wait', '--json'],
    { workingDirectory, environment: { COUNTERSIGN_URL: proxy.url, COUNTERSIGN_TOKEN: server.submitter.token } },
  )
  expect(ran).toMatchObject({ code: 0 })
  expect(proxy.lost()).toBe(2)
  const submitted = []
  for await (const batch of server.log.readAll())
    submitted.push(...batch.filter(({ type }) => type === 'SigningRequestSubmitted'))
  expect(submitted.map(({ data, position }) => [data.signingRequestId, position])).toEqual([
    Object.values(JSON.parse(ran.stdout) as Record<string, string>),
  ])
})
