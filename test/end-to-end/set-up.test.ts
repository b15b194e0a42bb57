import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { documentedBlocks, runBlocks } from '../support/documented-commands.ts'
import { realPrograms } from '../support/programs.ts'
import { startServiceProcess } from '../support/service-processes.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { giveWorkflowBundle } from '../support/workflow-bundle.ts'

/** What a reader of the page is to type. */
const blocks = documentedBlocks('docs/set-up.md')

it('is done by the command line alone, as docs/set-up.md says', { timeout: 300_000 }, async () => {
  expect(blocks.length).toBeGreaterThan(10)
  const folder = temporaryFolder()
  const data = join(folder, '.countersign')
  await giveWorkflowBundle(data)
  const service = await startServiceProcess({
    args: ['server/main.ts', '--no-demo'],
    environment: { COUNTERSIGN_DATA: data, COUNTERSIGN_PORT: '0' },
    ready: (output) => /Countersign is ready: (\S+)\/graphql/.exec(output)?.[1],
    leader: true,
  })
  onTestFinished(async () => void (await service.end('SIGTERM')))
  expect(service.output()).toContain('npx countersign init --organization NAME')

  const { pe32plus } = await realPrograms()
  copyFileSync(pe32plus, join(folder, 'setup.exe'))
  const { code, said } = await runBlocks(blocks, { folder })
  expect(code, said).toBe(0)
  expect(said).toContain('Number of verified signatures: 1')
  expect(said).toMatch(/SHA-256.*\n|Signed: /)
  expect(said).toContain('The read model says the same.')
  // No secret of anybody is on the screen.
  expect(said).not.toMatch(/\bcst?_[A-Za-z0-9_]{30,}/)
})
