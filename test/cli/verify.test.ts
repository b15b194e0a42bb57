import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { signPeFile } from '../../signing/authenticode/index.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { runCommand } from '../support/run-command.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { buildZip } from '../support/zip-builder.ts'

const folder = suiteFolder()
let signer: TestIdentity
let program: Buffer

beforeAll(async () => {
  signer = await makeIdentity(folder, 'ec-p256')
  const [inputPath, outputPath] = [join(folder, 'in.exe'), join(folder, 'out.exe')]
  await writeFile(inputPath, smallPeFile(randomBytes(700)))
  const { key, chain } = signer
  await signPeFile({ inputPath, outputPath, key, certificateChain: chain, hashAlgorithm: 'sha256' })
  program = await readFile(outputPath)
})

async function verify(name: string, content: Uint8Array, ...args: readonly string[]) {
  const path = join(folder, name)
  await writeFile(path, content)
  return runCommand(['verify', path, ...args])
}

const release = (inside: Uint8Array) =>
  buildZip([
    { name: 'README', content: 'Read me.' },
    { name: 'parts/inner.zip', content: buildZip([{ name: 'lib/app.exe', content: inside }]) },
  ])

it('finds signatures at any depth, and says whose they are and that they are valid', async () => {
  const trusted = ['--trusted-certificates', signer.rootFile]
  const ran = await verify('release.zip', release(program), ...trusted)
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  expect(ran.stdout).toMatch(/parts\/inner\.zip.*\n.*lib\/app\.exe.*\n\s+.*valid .*CN=Signer ec-p256.*\n/)
  expect(ran.stdout).toMatch(/Valid: 1 of 1 signatures/)
  const { stdout } = await verify('release.zip', release(program), ...trusted, '--json')
  const [, inner] = JSON.parse(stdout).files
  expect(inner.files[0]).toMatchObject({
    name: 'lib/app.exe',
    format: 'pe',
    verdict: {
      isAccepted: true,
      signatures: [{ verdict: 'valid', signerThumbprint: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    },
  })
})

it('ends with 10 where a signature is not trusted or not of the file, and where there is none', async () => {
  const untrusted = await verify('untrusted.zip', release(program))
  expect(untrusted).toMatchObject({ code: 10, stdout: expect.stringMatching(/untrusted .*Not valid: 1 of 1/s) })
  const changed = Buffer.from(program)
  changed[0x3f0] = (changed[0x3f0] ?? 0) ^ 1
  const broken = await verify('changed.exe', changed, '--trusted-certificates', signer.rootFile)
  expect(broken).toMatchObject({ code: 10, stdout: expect.stringContaining('invalid') })
  const none = await verify('none.zip', release(Buffer.from('text')))
  expect(none).toMatchObject({ code: 10, stdout: expect.stringContaining('No signature was found') })
  expect(await runCommand(['verify', join(folder, 'not-there.exe')])).toMatchObject({ code: 2 })
})
