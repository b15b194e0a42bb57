import { expect, it } from 'vitest'
import { startGraphQLServer } from '../support/graphql-server.ts'
import { runCommand } from '../support/run-command.ts'

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
  const stale = await run('disable', 'jenkins', '--based-on', '1')
  expect(stale).toMatchObject({ code: 6, stderr: expect.stringContaining('CHANGE_STALE') })
  expect(await run('show', 'nothing')).toMatchObject({
    code: 6,
    stderr: expect.stringContaining('TRUSTED_BUILD_SYSTEM_NOT_FOUND'),
  })
  expect(await run('create', 'x', '--name', 'X', '--kind', 'bamboo')).toMatchObject({ code: 2 })
})
