import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { catalogFormat } from '../../signing/catalog/index.ts'
import { powerShellFormat } from '../../signing/powershell/index.ts'
import { windowsScriptFormat } from '../../signing/windows-script/index.ts'
import { buildCatalog } from '../support/catalog-builder.ts'
import { formatWorkIn } from '../support/format-work.ts'
import { jsignVerdicts } from '../support/jsign/verify-files.ts'
import { makeIdentity } from '../support/openssl.ts'
import { scriptCases, windowsText } from '../support/script-cases.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('jsign accepts every script and catalog that is signed here, and none that was changed', async () => {
  const folder = temporaryFolder()
  const work = formatWorkIn(folder)
  const signers = await Promise.all([makeIdentity(folder, 'rsa-2048'), makeIdentity(folder, 'ec-p384')])
  const [good, changed]: [string[], string[]] = [[], []]
  // Windows-1252 has no character for five of them.
  const every = Buffer.from(Array.from({ length: 128 }, (_, index) => 128 + index))
  const odd = { name: 'odd.vbs', bytes: every, text: windowsText(every), isMarked: false }
  const catalogs = [1, 2000].map((count) => ({
    name: `${count}.cat`,
    bytes: buildCatalog(Array.from({ length: count }, () => Buffer.alloc(32, count))),
  }))
  for (const [index, { name, bytes }] of [...scriptCases(), odd, ...catalogs].entries()) {
    // jsign has no files of that kind; the rule is that of the other one.
    const ownName = name.replace('cdxml', 'ps1xml').replace(/^/, `${index}-`)
    const isCatalog = name.endsWith('.cat')
    const format = isCatalog ? catalogFormat : /\.ps/.test(ownName) ? powerShellFormat : windowsScriptFormat
    const signer = signers[index % 2]
    if (signer === undefined) throw new Error('there is no signer')
    const path = await work.sign({ format, name: ownName, bytes, signer })
    good.push(path)
    const signed = await readFile(path)
    const at = isCatalog ? 100 : 4
    signed[at] = (signed[at] ?? 0) ^ 1
    const other = join(folder, `changed-${ownName}`)
    await writeFile(other, signed)
    changed.push(other)
  }
  const verdicts = await jsignVerdicts([...good, ...changed])
  for (const path of good) expect.soft(verdicts.get(path), path).toBe('ok')
  for (const path of changed) expect.soft(verdicts.get(path), path).not.toBe('ok')
})
