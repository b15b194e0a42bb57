import { execFile } from 'node:child_process'
import { createHash, createPublicKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KeyAlgorithm, keyAlgorithms } from '../../domain/index.ts'
import { findCosign, findDsseLibraries } from '../../scripts/bootstrap/statement-verifiers.mjs'
import { provenanceStatement } from '../../statements/index.ts'
import { memoryKey } from '../support/memory-key.ts'
import { provenanceFacts, signedBytes, signedDocuments } from '../support/statements.ts'

const run = promisify(execFile)
const cosign = findCosign(process.env) ?? 'cosign'
const pythonPath = findDsseLibraries(process.env) ?? ''

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Files of provenance that a key of one kind signed. */
async function provenanceFiles(algorithm: KeyAlgorithm) {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
  folders.push(folder)
  const key = memoryKey(algorithm)
  const documents = await signedDocuments(key, provenanceStatement(provenanceFacts))
  const pem = createPublicKey({ key: Buffer.from(key.publicKey), format: 'der', type: 'spki' })
    .export({ format: 'pem', type: 'spki' })
    .toString()
  const file = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  const parsed = JSON.parse(documents.envelope.toString()) as { payload: string; signatures: { keyid: string }[] }
  return {
    folder,
    file,
    program: file('app.exe', signedBytes),
    publicKey: file('key.pem', pem),
    keyid: parsed.signatures[0]?.keyid ?? '',
    envelope: file('app.exe.intoto.json', documents.envelope),
    bundle: file('app.exe.sigstore.json', documents.bundle),
    parsed,
  }
}
type Files = Awaited<ReturnType<typeof provenanceFiles>>

/** The exit is what counts; what is said is for whoever looks at a failure. */
async function succeeds(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  try {
    const { stdout, stderr } = await run(program, args, {
      env: { PATH: process.env.PATH, HOME: tmpdir(), ...environment },
    })
    return { ok: true, said: `${stdout}${stderr}` }
  } catch (error) {
    return { ok: false, said: String((error as { stderr?: string }).stderr ?? error) }
  }
}

const byCosign = (files: Pick<Files, 'publicKey' | 'bundle' | 'program'>, hash: string, type = 'slsaprovenance1') =>
  succeeds(cosign, [
    ...['verify-blob-attestation', '--key', files.publicKey, '--bundle', files.bundle, '--type', type],
    ...['--insecure-ignore-tlog', '--signature-digest-algorithm', hash, files.program],
  ])

const byPython = (files: Pick<Files, 'envelope' | 'publicKey' | 'keyid'>) => {
  const script = join(import.meta.dirname, 'verify_envelope.py')
  return succeeds('python3', [script, files.envelope, files.publicKey, files.keyid], { PYTHONPATH: pythonPath })
}

/** The commands of the page for receivers that begin with these words, as they are written there. */
function commandsOfPage(first: string): string {
  const page = readFileSync(join(import.meta.dirname, '../../docs/provenance.md'), 'utf8')
  const found = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].find(([, commands]) => commands?.startsWith(first))
  if (found?.[1] === undefined) throw new Error(`The page has no commands that begin with ${first}.`)
  return found[1]
}

/** By which keys sign that do not sign by SHA-256. */
const hashes: Partial<Record<KeyAlgorithm, string>> = { 'ec-p384': 'sha384', 'ec-p521': 'sha512' }

/** Runs the page's commands for OpenSSL where the files lie. */
const byOpenssl = (files: Pick<Files, 'folder'>, algorithm: KeyAlgorithm) => {
  const commands = commandsOfPage('jq -r .payload').replace('-sha256', `-${hashes[algorithm] ?? 'sha256'}`)
  return succeeds('sh', ['-ec', `cd ${files.folder}\n${commands}`])
}

describe.each(keyAlgorithms)('provenance signed by %s', (algorithm) => {
  let files: Files

  beforeAll(async () => {
    files = await provenanceFiles(algorithm)
  })

  test('is verified by cosign, for the signed file alone', async () => {
    const hash = hashes[algorithm] ?? 'sha256'
    expect(await byCosign(files, hash)).toMatchObject({ ok: true })
    const other = files.file('other.exe', 'another program')
    expect(await byCosign({ ...files, program: other }, hash)).toMatchObject({ ok: false })
    expect(await byCosign(files, hash, 'slsaprovenance02')).toMatchObject({ ok: false })
    const { publicKey } = await provenanceFiles(algorithm)
    expect(await byCosign({ ...files, publicKey }, hash)).toMatchObject({ ok: false })
  })

  test("is verified by securesystemslib, and read by in-toto's library", async () => {
    const { ok, said } = await byPython(files)
    expect({ ok, said }).toMatchObject({ ok: true })
    expect(said.trim().split('\n')[0]).toBe(createHash('sha256').update(signedBytes).digest('hex'))
    const payload = Buffer.from(files.parsed.payload, 'base64').toString().replace('acme', 'evil')
    const forged = { ...files.parsed, payload: Buffer.from(payload).toString('base64') }
    const envelope = files.file('forged.json', JSON.stringify(forged))
    expect(await byPython({ ...files, envelope })).toMatchObject({ ok: false })
  })

  test('is verified by OpenSSL as the page for receivers says, for the signed file alone', async () => {
    expect(await byOpenssl(files, algorithm)).toMatchObject({ ok: true })
    const others = await provenanceFiles(algorithm)
    others.file('app.exe', 'another program')
    expect(await byOpenssl(others, algorithm)).toMatchObject({ ok: false })
    const forged = await provenanceFiles(algorithm)
    forged.file('key.pem', readFileSync(files.publicKey))
    expect(await byOpenssl(forged, algorithm)).toMatchObject({ ok: false })
  })
})
