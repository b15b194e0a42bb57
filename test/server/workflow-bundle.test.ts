import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { sharedWorkflowBundle } from '../support/workflow-bundle.ts'

it('makes a script of the workflows that every thread keeps as one byte for each character', async () => {
  const { codePath } = await sharedWorkflowBundle()
  const code = await readFile(codePath, 'utf8')
  expect(code).toContain('__TEMPORAL__')
  expect(/[^\0-\x7f]/.exec(code)).toBeNull()
})
