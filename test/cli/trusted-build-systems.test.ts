import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { registerRest } from '../../rest/index.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { newStatementSigner } from '../support/proxy-statements.ts'
import { runCommand } from '../support/run-command.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

it('a trusted build system is created, changed, linked, given a token, disabled and shown by commands', async () => {
  const server = await startGraphQLServer()
  const environment = { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: server.administrator.token }
  const run = (...args: readonly string[]) => runCommand(['trusted-build-system', ...args], { environment })
  const json = async (...args: readonly string[]) => {
    const { stdout, stderr } = await run(...args, '--json')
    expect(stderr).toBe('')
    return JSON.parse(stdout)
  }
  const { trustedBuildSystemId, token } = await json('create', 'jenkins', '--name', 'Jenkins', '--kind', 'jenkins')
  expect(token).toMatch(/^csb_/)
  expect((await run('create', 'gitlab', '--name', 'GitLab')).stdout).toMatch(/^csb_\w+\n$/)
  expect(await json('list')).toMatchObject({ trustedBuildSystems: [{ slug: 'gitlab' }, { slug: 'jenkins' }] })
  expect((await run('list')).stdout).toMatch(/jenkins +Jenkins +jenkins +.*enabled +0/)

  await json('update', 'jenkins', '--name', 'Builds', '--description', 'In Bonn')
  await json('link', 'jenkins', 'demo')
  await json('disable', 'jenkins', '--reason', 'moved')
  expect(await json('show', trustedBuildSystemId)).toMatchObject({
    slug: 'jenkins',
    name: 'Builds',
    description: 'In Bonn',
    kind: 'jenkins',
    status: 'disabled',
    projects: [{ slug: 'demo' }],
    tokens: [{ status: 'current' }],
    revision: 4,
  })
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
  const second = await json('rotate-token', 'jenkins', '--previous-until', tomorrow)
  expect(second.token).not.toBe(token)
  const { stdout } = await run('show', 'jenkins')
  expect(stdout).toMatch(/projects +demo/)
  expect(stdout).toMatch(/replaced/)
  expect(stdout).not.toContain(second.token.slice(-40))
  await json('enable', 'jenkins')
  const project = await runCommand(['project', 'show', 'demo', '--json'], { environment })
  expect(JSON.parse(project.stdout)).toMatchObject({ trustedBuildSystems: [{ slug: 'jenkins' }] })
  await json('unlink', 'jenkins', 'demo')
  expect(await json('show', 'jenkins')).toMatchObject({ status: 'enabled', projects: [] })
  await json('create', 'nodes', '--name', 'Nodes', '--kind', 'authenticationProxy')
  const { key } = newStatementSigner()
  expect(await json('register-proxy-key', 'nodes', '--public-key', key.publicKey)).toMatchObject({ keyId: key.keyId })
  expect((await run('show', 'nodes')).stdout).toMatch(new RegExp(`${key.keyId} +.*registered`))
  await json('remove-proxy-key', 'nodes', key.keyId, '--reason', 'replaced')
  expect(await json('show', 'nodes')).toMatchObject({ proxyKeys: [{ ...key, status: 'removed' }] })
  expect(await run('register-proxy-key', 'nodes')).toMatchObject({ code: 2 })
  expect(await run('register-proxy-key', 'nodes', '--public-key-file', '/nowhere')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('FILE_UNREADABLE'),
  })
  const stale = await run('disable', 'jenkins', '--based-on', '1')
  expect(stale).toMatchObject({ code: 6, stderr: expect.stringContaining('CHANGE_STALE') })
  expect(await run('show', 'nothing')).toMatchObject({
    code: 6,
    stderr: expect.stringContaining('TRUSTED_BUILD_SYSTEM_NOT_FOUND'),
  })
  expect(await run('create', 'x', '--name', 'X', '--kind', 'bamboo')).toMatchObject({ code: 2 })
})

it('a link has settings and secrets from files and options, and is changed by them', async () => {
  const server = await startGraphQLServer({ register: (http, _application, rest) => registerRest(http, rest) })
  const workingDirectory = temporaryFolder()
  const environment = { COUNTERSIGN_URL: server.url, COUNTERSIGN_TOKEN: server.administrator.token }
  const run = (...args: readonly string[]) =>
    runCommand(['trusted-build-system', ...args], { environment, workingDirectory })
  const json = async (...args: readonly string[]) => {
    const { stdout, stderr } = await run(...args, '--json')
    expect(stderr).toBe('')
    return JSON.parse(stdout)
  }
  const write = (name: string, text: string) => writeFileSync(join(workingDirectory, name), text)
  write('link.yaml', 'baseUrl: https://dev.azure.com/example\nproject: Library\n')
  write('key.txt', 'the-first-key\n')
  write('new-key.txt', 'the-second-key\r\n')
  const { trustedBuildSystemId } = await json('create', 'azure', '--name', 'Azure', '--kind', 'azureDevOps')
  const key = ['--secret-file', 'apiKey=key.txt']
  const refused = async (...args: readonly string[]) => (await run(...args)).stderr
  expect(await refused('link', 'azure', 'demo', '--setting', 'project=Library', ...key)).toContain(
    'ORIGIN_LINK_INVALID: The link of project and build system is wrong: settings.baseUrl: ',
  )
  expect(await refused('link', 'azure', 'demo', '--settings-file', 'link.yaml')).toContain('ORIGIN_SECRET_MISSING')
  expect(await refused('link', 'azure', 'demo', '--settings-file', 'nothing.yaml')).toContain(
    'LINK_SETTINGS_UNREADABLE',
  )
  write('list.yaml', '- 1\n')
  expect(await refused('link', 'azure', 'demo', '--settings-file', 'list.yaml')).toContain('LINK_SETTINGS_INVALID')
  expect(await refused('link', 'azure', 'demo', '--secret-file', 'key.txt')).toContain('apiKey=key.txt')
  expect(
    await refused('link', 'azure', 'demo', '--setting', 'project=Library', '--setting', 'project=Tools', ...key),
  ).toContain('--setting gives "project" a second time')
  expect(await refused('change-link', 'azure', 'demo')).toContain('Say what is to change')
  expect(await refused('change-link', 'azure', 'demo', ...key)).toContain('TRUSTED_BUILD_SYSTEM_NOT_LINKED')

  const ids = ['--setting', 'definitionIds=[7,12]']
  await json('link', 'azure', 'demo', '--settings-file', 'link.yaml', ...ids, ...key)
  await json('change-link', 'azure', 'demo', '--setting', 'project=Tools', '--setting', 'definitionIds=')
  const settings = { baseUrl: 'https://dev.azure.com/example', project: 'Tools' }
  const { links, projects } = await json('show', 'azure')
  expect(projects).toMatchObject([{ slug: 'demo' }])
  expect(links).toEqual([
    { project: projects[0], settings, secrets: [{ name: 'apiKey', setAt: expect.stringMatching(/^2.*Z$/) }] },
  ])
  await json('change-link', 'azure', 'demo', '--secret-file', 'apiKey=new-key.txt')
  const [changed] = (await json('show', 'azure')).links
  expect(changed.settings).toEqual(settings)
  expect(changed.secrets[0].setAt > links[0].secrets[0].setAt).toBe(true)
  expect(await refused('change-link', 'azure', 'demo', '--remove-secret', 'apiKey')).toContain('ORIGIN_SECRET_MISSING')
  const { stdout } = await run('show', 'azure')
  expect(stdout).toMatch(
    /link to +demo\nbaseUrl +https:\/\/dev.azure.com\/example\nproject +Tools\napiKey +secret, set /,
  )
  const history = await runCommand(['audit', 'history', 'trusted-build-system', trustedBuildSystemId], { environment })
  expect(history.stdout + stdout).not.toMatch(/the-(first|second)-key/)
  expect(history.stdout).toMatch(/Link to the project \S+ changed by .*, with baseUrl, project, secret apiKey/)

  const of = `/Api/v1/${server.organizationId}/TrustedBuildSystems/${trustedBuildSystemId}`
  const rest = async (method: string, path: string, body?: object) => {
    const headers = {
      authorization: `Bearer ${server.administrator.token}`,
      ...(body && { 'content-type': 'application/json' }),
    }
    const answer = await fetch(new URL(path, server.url), {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, text: await answer.text() }
  }
  const link = `${of}/Projects/${server.projectId}`
  expect((await rest('PATCH', link, { secrets: [{ name: 'apiKey', value: 'the-third-key' }] })).status).toBe(200)
  await server.caughtUp()
  const read = await rest('GET', of)
  expect(JSON.parse(read.text).links).toEqual([
    { projectId: server.projectId, settings, secrets: [{ name: 'apiKey', setAt: expect.any(String) }] },
  ])
  const wrong = await rest('PATCH', link, { settings: { ...settings, baseUrl: 'https://a:b@dev.azure.com' } })
  expect(JSON.parse(wrong.text)).toMatchObject({ code: 'ORIGIN_LINK_INVALID' })
  expect([wrong.status, read.text + wrong.text]).toEqual([400, expect.not.stringMatching(/the-\w+-key|a:b@/)])
})
