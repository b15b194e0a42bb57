import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeNewerBuild, noteType } from '../support/newer-build.ts'

// Long tests run two builds beside each other; here it shows at once when this tree has moved away from what they change.
it('makes a newer build out of this tree', () => {
  const text = readFileSync(join(makeNewerBuild(), 'domain/signing-request/decide-approval.ts'), 'utf8')
  expect(text).toContain(`type: '${noteType}'`)
})
