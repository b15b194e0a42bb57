import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  type ArtifactStore,
  createSigningPlan,
  openFolderStore,
  openPlan,
  planOnCopies,
} from '../../artifacts/index.ts'
import {
  type Artifact,
  type PlanNode,
  type Sha256Digest,
  type SigningPlan,
  type Submission,
  uploadedFile,
} from '../../domain/index.ts'
import { FilePasses } from '../../signing/file-passes/index.ts'
import { signatureFormats } from '../../signing/formats.ts'
import { buildCatalog } from '../support/catalog-builder.ts'
import { makeIdentity } from '../support/openssl.ts'
import { osslsigncodeSign } from '../support/osslsigncode.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { readPlan } from '../support/stored-plan.ts'
import { anArtifact, aSubmission } from '../support/submission.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const certificateThumbprint = 'cd'.repeat(32)
const signer = { certificateThumbprint, keyAlgorithm: 'ec-p256', formats: signatureFormats } as const

const passes = new FilePasses(1)
afterAll(() => passes.close())

async function openStore(): Promise<ArtifactStore> {
  const store = await openFolderStore({ path: temporaryFolder(), maximumSize: 10_000_000 })
  onTestFinished(() => store.close())
  return store
}

/** A small program that osslsigncode signed. */
async function signedProgram(hash: string): Promise<Buffer> {
  const folder = temporaryFolder()
  const [input, output] = [join(folder, 'input.exe'), join(folder, 'output.exe')]
  writeFileSync(input, smallPeFile(randomBytes(1234)))
  await osslsigncodeSign(await makeIdentity(folder, 'ec-p256'), input, output, '-h', hash)
  return readFileSync(output)
}

async function* stream(bytes: Uint8Array) {
  yield bytes
}

async function submissionOf(
  store: ArtifactStore,
  bytes: Uint8Array,
  changes: Partial<Submission> & { readonly fileName?: string } = {},
): Promise<Submission & { readonly artifact: Artifact }> {
  const { fileName = 'setup.exe', ...rest } = changes
  const artifact = { fileName, ...(await store.put(stream(bytes))) }
  return { ...aSubmission({ source: uploadedFile(artifact), ...rest }), artifact }
}

describe('createSigningPlan', () => {
  it('plans scripts and catalogs too, and says what approvers should know of them', async () => {
    const store = await openStore()
    const nodeOf = async (fileName: string, text: string) => {
      const request = await submissionOf(store, Buffer.from(text), { fileName })
      const { nodes } = await readPlan(store, await createSigningPlan({ request, ...signer, store, passes }))
      return nodes[0]
    }
    const unix = await nodeOf('install.ps1', 'Write-Output 1\n')
    expect(unix).toMatchObject({ format: 'powershell', warnings: [expect.stringContaining('LF alone')] })
    expect(await nodeOf('install.vbs', 'WScript.Echo 1\r\n')).toMatchObject({ format: 'windows-script' })
    expect(await nodeOf('install.vbs', 'WScript.Echo 1\r\n')).not.toHaveProperty('warnings')
    const request = await submissionOf(store, buildCatalog([]), { fileName: 'a.cat' })
    const { nodes } = await readPlan(store, await createSigningPlan({ request, ...signer, store, passes }))
    expect(nodes).toMatchObject([{ format: 'catalog', directives: [{ directive: 'authenticode-sign' }] }])
  })

  it('names the request, the rules, the certificate, and every file with what its signature will cover', async () => {
    const store = await openStore()
    const bytes = smallPeFile(randomBytes(1234))
    const program = { description: 'Set-up', descriptionUrl: 'https://example.org/setup' }
    const request = await submissionOf(store, bytes, { program, timestamp: 'none', signingPolicyVersion: 7 })
    // What the signature covers: all but the checksum (4 bytes) and the certificate table's entry (8 bytes).
    const covered = [bytes.subarray(0, 0xd8), bytes.subarray(0xdc, 0x128), bytes.subarray(0x130)]
    const stored = await createSigningPlan({ request, ...signer, store, passes })
    expect(stored).toMatchObject({ plannerVersion: 1, nodeCount: 1, fileCount: 1 })
    const { head, nodes } = await readPlan(store, stored)
    const { pages, ...plan } = head
    expect(pages).toMatchObject([{ entries: 1, signed: 1 }])
    expect(plan).toEqual({
      kind: 'signingPlan',
      schemaVersion: 1,
      plannerVersion: 1,
      signingRequestId: request.signingRequestId,
      projectId: request.projectId,
      signingPolicyId: request.signingPolicyId,
      signingPolicyVersion: 7,
      certificateId: request.certificateId,
      certificateThumbprint,
      timestamp: 'none',
    } satisfies SigningPlan)
    expect(nodes).toEqual([
      {
        kind: 'file',
        path: ['setup.exe'],
        parent: null,
        descendants: 0,
        outcome: 'signed',
        element: null,
        format: 'pe',
        sha256: request.artifact.sha256,
        size: bytes.length,
        existingSignatures: [],
        directives: [
          {
            directive: 'authenticode-sign',
            attributes: {
              'hash-algorithm': 'sha256',
              append: false,
              description: 'Set-up',
              'description-url': 'https://example.org/setup',
            },
            contentDigests: [
              {
                content: 'image',
                algorithm: 'sha256',
                digest: createHash('sha256').update(Buffer.concat(covered)).digest('hex'),
              },
            ],
          },
        ],
      },
    ] satisfies PlanNode[])
  })

  it('gives the same plan for the same bytes and facts from any store', async () => {
    const bytes = smallPeFile(randomBytes(5000))
    const plans = []
    for (const store of [await openStore(), await openStore()])
      plans.push(await createSigningPlan({ request: await submissionOf(store, bytes), ...signer, store, passes }))
    expect(plans[0]).toEqual(plans[1])
  })

  it('gives another plan digest when one byte, the request, the policy version or the certificate is another', async () => {
    const store = await openStore()
    const bytes = smallPeFile(randomBytes(5000))
    const request = await submissionOf(store, bytes)
    const changed = Buffer.from(bytes)
    changed[0x500] = (changed[0x500] ?? 0) ^ 1
    const digests = new Set<Sha256Digest>()
    for (const facts of [
      { request },
      { request: await submissionOf(store, changed) },
      { request: { ...request, signingRequestId: request.projectId as never } },
      { request: { ...request, signingPolicyVersion: 2 } },
      { request: { ...request, timestamp: 'none' as const } },
      { request: { ...request, artifact: { ...request.artifact, fileName: 'other.exe' } } },
      { request: { ...request, program: { description: 'x', descriptionUrl: null } } },
      { request, certificateThumbprint: 'ef'.repeat(32) },
    ])
      digests.add((await createSigningPlan({ ...signer, store, passes, ...facts })).digest)
    expect(digests.size).toBe(8)
  })

  it('names the signatures that the file has already and what becomes of each, so that approvals cover them', async () => {
    const store = await openStore()
    const digests = new Set<Sha256Digest>()
    const files: PlanNode[] = []
    for (const signed of [await signedProgram('sha256'), await signedProgram('sha1')])
      for (const existingSignatures of ['replace', 'append'] as const) {
        const request = await submissionOf(store, signed, { existingSignatures })
        const plan = await createSigningPlan({ request, ...signer, store, passes })
        digests.add(plan.digest)
        files.push(...(await readPlan(store, plan)).nodes)
      }
    expect(
      files.map((file) => [file.directives[0]?.attributes.append, file.kind === 'file' && file.existingSignatures]),
    ).toMatchObject([
      [false, [{ outcome: 'replaced', digestAlgorithm: 'sha256', integrity: 'intact' }]],
      [true, [{ outcome: 'kept', digestAlgorithm: 'sha256', integrity: 'intact' }]],
      [false, [{ outcome: 'replaced', digestAlgorithm: 'sha1', integrity: 'intact' }]],
      [true, [{ outcome: 'kept', digestAlgorithm: 'sha1', integrity: 'intact' }]],
    ])
    expect(digests.size).toBe(4)
  })

  it('refuses a file that is signed already where the submission says so, and names who signed it', async () => {
    const store = await openStore()
    const facts = { ...signer, store, passes }
    const signed = await submissionOf(store, await signedProgram('sha256'), { existingSignatures: 'refuse' })
    await expect(createSigningPlan({ request: signed, ...facts })).rejects.toMatchObject({
      code: 'FILE_ALREADY_SIGNED',
      path: ['setup.exe'],
      transient: false,
      message: expect.stringContaining('CN=Signer ec-p256'),
    })
    const unsigned = await submissionOf(store, smallPeFile(randomBytes(600)), { existingSignatures: 'refuse' })
    const plan = await createSigningPlan({ request: unsigned, ...facts })
    const { nodes } = await readPlan(store, plan)
    expect(nodes).toMatchObject([{ existingSignatures: [], directives: [{ attributes: { append: false } }] }])
  })

  it('refuses to add a signature to one that cannot take it', async () => {
    const store = await openStore()
    const bytes = await signedProgram('sha256')
    bytes[0x500] = (bytes[0x500] ?? 0) ^ 1
    const request = await submissionOf(store, bytes, { existingSignatures: 'append' })
    await expect(createSigningPlan({ request, ...signer, store, passes })).rejects.toMatchObject({
      code: 'AUTHENTICODE_EXISTING_SIGNATURE_INVALID',
      path: ['setup.exe'],
      transient: false,
    })
  })

  it('refuses stored bytes that are not those submitted, naming the file', async () => {
    const store = await openStore()
    const bytes = smallPeFile(randomBytes(5000))
    const request = await submissionOf(store, bytes)
    const { path } = await store.open(request.artifact.sha256)
    chmodSync(path, 0o600)
    bytes[0x500] = (bytes[0x500] ?? 0) ^ 1
    writeFileSync(path, bytes)
    await expect(createSigningPlan({ request, ...signer, store, passes })).rejects.toMatchObject({
      code: 'ARTIFACT_CORRUPT',
      path: ['setup.exe'],
      transient: false,
    })
    writeFileSync(path, bytes.subarray(0, 0x500))
    await expect(createSigningPlan({ request, ...signer, store, passes })).rejects.toMatchObject({
      code: 'ARTIFACT_MISMATCH',
    })
  })

  it('says when the artifact is not in the store', async () => {
    const store = await openStore()
    await expect(
      createSigningPlan({ request: { ...aSubmission(), artifact: anArtifact }, ...signer, store, passes }),
    ).rejects.toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
      path: ['setup.exe'],
    })
  })

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('This is no program, whatever its name.')],
    ['a zip file', Buffer.from('504b0304140000000800', 'hex')],
    ['an ELF program', Buffer.from('7f454c460201010000000000', 'hex')],
    ['one byte of MZ', Buffer.from('M')],
    ['a program for DOS, with code where a PE header would be named', dosProgram(0x802e126c)],
    ['a program for DOS, with nothing there', dosProgram(0)],
    ['a program for DOS that is shorter than a header of today', dosProgram(0).subarray(0, 48)],
    ['a program for 16-bit Windows', (() => smallPeFile(Buffer.from('x')).fill('NE\0\0', 0x80, 0x84, 'latin1'))()],
  ])('refuses %s by its bytes, whatever its name, and names what is supported', async (_, bytes) => {
    const store = await openStore()
    const request = await submissionOf(store, bytes, { fileName: 'program.exe' })
    await expect(createSigningPlan({ request, ...signer, store, passes })).rejects.toMatchObject({
      code: 'FORMAT_NOT_SUPPORTED',
      path: ['program.exe'],
      transient: false,
      message: expect.stringContaining('PE'),
    })
  })

  it.each([
    [{ description: 'half a character \ud83d', descriptionUrl: null }, 'AUTHENTICODE_DESCRIPTION_INVALID'],
    [{ description: 'beyond a BMPString: 𠮷', descriptionUrl: null }, 'AUTHENTICODE_DESCRIPTION_INVALID'],
    [{ description: null, descriptionUrl: 'https://bücher.example/' }, 'AUTHENTICODE_DESCRIPTION_URL_INVALID'],
  ])('refuses the texts %j, which a signature cannot carry, before anybody approves them', async (program, code) => {
    const store = await openStore()
    const request = { ...(await submissionOf(store, smallPeFile(Buffer.from('x')))), program }
    await expect(createSigningPlan({ request, ...signer, store, passes })).rejects.toMatchObject({
      code,
      path: ['setup.exe'],
    })
  })

  it('knows a program by its bytes, whatever its name', async () => {
    const store = await openStore()
    const request = await submissionOf(store, smallPeFile(Buffer.from('x')), { fileName: 'readme.txt' })
    const plan = await createSigningPlan({ request, ...signer, store, passes })
    const { nodes } = await readPlan(store, plan)
    expect(nodes).toMatchObject([{ format: 'pe' }])
  })

  it('keeps the code of the format for a damaged file, with its path, and never fails otherwise', async () => {
    const store = await openStore()
    const whole = smallPeFile(randomBytes(600))
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.array(fc.tuple(fc.nat(0x200), fc.nat(255)), { maxLength: 4 }),
        async (length, changes) => {
          const bytes = Buffer.from(whole)
          for (const [at, value] of changes) bytes[at] = value
          const request = await submissionOf(store, bytes.subarray(0, length))
          const error = await createSigningPlan({ request, ...signer, store, passes }).then(
            () => undefined,
            (caught: unknown) => caught as { code: string; path: string; transient: boolean },
          )
          if (error === undefined) return
          expect(error.code).toMatch(/^(PE_|FORMAT_NOT_SUPPORTED$)/)
          expect(error).toMatchObject({ path: ['setup.exe'], transient: false })
        },
      ),
      { numRuns: 200 },
    )
    // As linkers write it where a PE header follows, so that a file which ends before it is known to be cut off.
    whole.writeUInt16LE(0x40, 0x18)
    for (const length of [30, 0x40, 0x82, 0x90]) {
      const request = await submissionOf(store, whole.subarray(0, length))
      await expect(createSigningPlan({ request, ...signer, store, passes })).rejects.toMatchObject({
        code: 'PE_TRUNCATED',
      })
    }
  })

  it('ends when it is called off', async () => {
    const store = await openStore()
    const request = await submissionOf(store, smallPeFile(randomBytes(3_000_000)))
    const signal = AbortSignal.abort(new Error('called off'))
    await expect(createSigningPlan({ request, ...signer, store, passes, signal })).rejects.toThrow('called off')
  })
})

describe('stored plans', () => {
  it('have the digest that sha256sum gives for their first line, and their pages those that this line names', async () => {
    const store = await openStore()
    const request = await submissionOf(store, smallPeFile(randomBytes(600)), { fileName: 'Fenêtre 窗口 "x".exe' })
    const { digest, document } = await createSigningPlan({ request, ...signer, store, passes })
    const { path } = await store.open(document)
    const output = execFileSync('sh', ['-c', 'head -n 1 "$0" | tr -d "\\n" | sha256sum', path], { encoding: 'utf8' })
    expect(output).toContain(digest)
    const plan = await openPlan(store, { digest, document })
    const page = execFileSync('sh', ['-c', 'tail -n +2 "$0" | sha256sum', path], { encoding: 'utf8' })
    expect(page).toContain(plan.head.pages[0]?.sha256)
    expect(await plan.pageText(0)).toBe(readFileSync(path, 'utf8').slice(plan.headText.length + 1))
    expect(await plan.pageText(1)).toBeUndefined()
  })

  it('are refused when the stored bytes are not a plan, not in canonical form, or changed', async () => {
    const store = await openStore()
    const request = await submissionOf(store, smallPeFile(randomBytes(600)))
    const reference = await createSigningPlan({ request, ...signer, store, passes })
    const { path } = await store.open(reference.document)
    const text = readFileSync(path, 'utf8')
    const [head = '', node = ''] = text.split('\n')
    const change = (json: string, changes: object) => JSON.stringify({ ...JSON.parse(json), ...changes })
    for (const changed of [
      'no JSON',
      '{}',
      change(head, { zzz: 1 }),
      change(head, { schemaVersion: 2 }),
      change(head, { kind: 'signingManifest' }),
      change(head, { certificateId: '../x' }),
      ` ${head}`,
    ]) {
      const { sha256: document } = await store.put(stream(Buffer.from(`${changed}\n${node}\n`)))
      const digest = createHash('sha256').update(changed).digest('hex') as Sha256Digest
      await expect(openPlan(store, { digest, document })).rejects.toMatchObject({ code: 'PLAN_MALFORMED' })
    }
    const { sha256: empty } = await store.put(stream(Buffer.from('no line feed')))
    await expect(openPlan(store, { ...reference, document: empty })).rejects.toMatchObject({ code: 'PLAN_MALFORMED' })

    const nowhere = 'ab'.repeat(32) as Sha256Digest
    await expect(openPlan(store, { ...reference, document: nowhere })).rejects.toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
    })
    await expect(openPlan(store, { ...reference, digest: nowhere })).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' })
    chmodSync(path, 0o600)
    writeFileSync(path, text.replace('"kept"', '"gone"').replace('"append":false', '"append":true '))
    const plan = await openPlan(store, reference)
    await expect(plan.entries(0, 1)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' })
    writeFileSync(path, `${text}\n`)
    await expect(openPlan(store, reference)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' })
  })

  it('can be made again only by the planner that made them', async () => {
    const store = await openStore()
    const request = await submissionOf(store, smallPeFile(randomBytes(600)))
    const facts = { request, ...signer, store, passes }
    const { digest, plannerVersion } = await createSigningPlan(facts)
    const again = await planOnCopies(facts, { folder: temporaryFolder(), plannerVersion }, async (plan) => plan.digest)
    expect(again).toBe(digest)
    for (const other of [0, 2, 99])
      await expect(
        planOnCopies(facts, { folder: temporaryFolder(), plannerVersion: other }, async () => undefined),
      ).rejects.toMatchObject({ code: 'PLANNER_VERSION_UNSUPPORTED' })
  })
})

/** A program for DOS: its relocation table is anywhere, and what stands at 0x3c belongs to its code. */
function dosProgram(at0x3c: number): Buffer {
  const bytes = Buffer.alloc(4066, 0x90)
  bytes.write('MZ', 0, 'latin1')
  bytes.writeUInt16LE(0x126c, 0x18)
  bytes.writeUInt32LE(at0x3c, 0x3c)
  return bytes
}
