import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { handleCommand } from '../../application/handle-command.ts'
import type { Caller, CanSubmitInput, SubmissionChoices } from '../../application/index.ts'
import { certificateDecider, projectDecider, signingPolicyDecider, streams } from '../../domain/index.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { testApplication, uploaded } from '../support/test-application.ts'

/** Projects and policies in every state that a submission may meet. */
async function organization() {
  const test = await testApplication()
  const { dependencies, setup } = test
  const [anna, stranger] = [await test.user('Anna'), await test.user('Stranger')]
  const made = async (slug: string) => test.policy({ submitters: [anna], slug })
  await test.policy({ submitters: [anna], slug: 'tool', existingSignatures: ['refuse'] })
  await test.policy({ submitters: [stranger], slug: 'far' })
  const inactive = await made('inactive')
  const command = { type: 'DeactivateProject', reason: null } as const
  await handleCommand(dependencies, setup, streams.project(inactive.projectId), projectDecider, command)
  const withdrawn = await made('withdrawn')
  const policyStream = streams.signingPolicy(withdrawn.signingPolicyId)
  const off = { type: 'DeactivateSigningPolicy', reason: null } as const
  await handleCommand(dependencies, setup, policyStream, signingPolicyDecider, off)
  const disabled = await made('disabled')
  const disable = { type: 'DisableCertificate', reason: 'test' } as const
  await handleCommand(dependencies, setup, streams.certificate(disabled.certificateId), certificateDecider, disable)
  return { test, anna, stranger, projects: ['tool', 'inactive', 'withdrawn', 'disabled', 'none'] }
}

const someOrigin = { repositoryData: null, buildData: null }
const file = { fileName: 'setup.exe', size: 9, firstBytes: null }

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: { code?: string }) => error.code ?? String(error),
  )
}

describe('canSubmit', () => {
  it('refuses whatever a submission of the artifact is refused for, with the same code, and nothing else', async () => {
    const { test, anna, stranger, projects } = await organization()
    async function upload(caller: Caller) {
      async function* bytes() {
        yield new TextEncoder().encode('a program')
      }
      return (await test.application.uploadArtifact(caller, { fileName: 'setup.exe', bytes: bytes() })).uploadId
    }
    const allowed = { caller: anna, uploadId: await upload(anna) }
    const callers = [allowed, { caller: stranger, uploadId: await upload(stranger) }]
    const seen = new Set<string>()
    const choices: fc.Arbitrary<SubmissionChoices> = fc.record({
      project: fc.constantFrom(...projects),
      signingPolicy: fc.constantFrom('release', 'release', 'release', 'other'),
      description: fc.constantFrom(null, 'Release 1', 'x'.repeat(4001), 'a\u202eb'),
      existingSignatures: fc.constantFrom(null, 'replace', 'append', 'refuse'),
      origin: fc.constantFrom(null, null, null, null, null, null, someOrigin),
      idempotencyKey: fc.constantFrom(null, null, 'job 1', 'schlüssel'),
      cancelAfterSeconds: fc.constantFrom(null, null, null, null, 60, 60, 0),
    })
    // What everything else lets through: by chance it comes too rarely.
    const plain = { project: 'tool', signingPolicy: 'release', description: null, existingSignatures: null }
    const otherwiseTaken = [{ origin: someOrigin }, { cancelAfterSeconds: 0 }, {}].map(
      (choice): [typeof allowed, SubmissionChoices] => [allowed, { ...plain, ...choice }],
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...callers), choices, async ({ caller, uploadId }, input) => {
        const asking = test.application.canSubmit(caller, { ...input, ...file })
        const asked = await codeOf(asking)
        const submitted = await codeOf(
          test.application.submitSigningRequest(caller, { ...input, source: uploaded(uploadId) }),
        )
        seen.add(submitted ?? 'taken')
        // What a key stands for can be compared with the bytes only.
        if (asked === undefined && (await asking).signingRequestId !== null) return
        expect(asked).toBe(submitted)
      }),
      { numRuns: 400, examples: otherwiseTaken },
    )
    expect([...seen].sort()).toEqual(
      expect.arrayContaining([
        'CANCELLATION_TIMEOUT_INVALID',
        'CERTIFICATE_DISABLED',
        'EXISTING_SIGNATURES_NOT_ALLOWED',
        'FORBIDDEN',
        'IDEMPOTENCY_KEY_MALFORMED',
        'ORIGIN_NOT_VOUCHED',
        'PROJECT_INACTIVE',
        'PROJECT_NOT_FOUND',
        'SIGNING_POLICY_INACTIVE',
        'SIGNING_POLICY_NOT_FOUND',
        'TEXT_MALFORMED',
        'TEXT_TOO_LONG',
        'taken',
      ]),
    )
  })

  it('refuses what the upload would be refused for', async () => {
    const { test, anna } = await organization()
    const ask = (changes: Partial<CanSubmitInput>) =>
      codeOf(
        test.application.canSubmit(anna, {
          project: 'tool',
          signingPolicy: 'release',
          description: null,
          ...file,
          ...changes,
        }),
      )
    expect(await ask({})).toBeUndefined()
    expect(await ask({ fileName: '../setup.exe' })).toBe('FILE_NAME_MALFORMED')
    expect(await ask({ size: 0 })).toBe('UPLOAD_EMPTY')
    expect(await ask({ size: 1_000_001 })).toBe('ARTIFACT_TOO_LARGE')
    expect(await ask({ size: 100, firstBytes: Buffer.alloc(64, 'QQ') })).toBe('FORMAT_NOT_SUPPORTED')
    // Its key is on a curve, and NuGet takes RSA keys alone.
    const archive = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), Buffer.alloc(1020)])
    const nupkg = { fileName: 'Example.nupkg', size: 5000, firstBytes: archive }
    expect(await ask(nupkg)).toBe('KEY_ALGORITHM_UNSUITABLE')
    expect(await ask({ ...nupkg, fileName: 'example.jar' })).toBeUndefined()
    expect(await ask({ size: 3, firstBytes: Buffer.from('MZ..') })).toBe('FIRST_BYTES_MALFORMED')
    expect(await ask({ size: 100_000, firstBytes: Buffer.alloc(65_537) })).toBe('FIRST_BYTES_MALFORMED')
    const program = smallPeFile(Buffer.alloc(5000))
    expect(await ask({ size: program.length, firstBytes: program.subarray(0, 1024) })).toBeUndefined()
    expect(await ask({ size: 600, firstBytes: program.subarray(0, 600) })).toMatch(/^PE_/)
  })

  it('takes what has a request by its idempotency key already, whatever changed since', async () => {
    const { test, anna } = await organization()
    async function* bytes() {
      yield new TextEncoder().encode('a program')
    }
    const { uploadId } = await test.application.uploadArtifact(anna, { fileName: 'setup.exe', bytes: bytes() })
    const choices = { project: 'tool', signingPolicy: 'release', description: null, idempotencyKey: 'job 1' }
    expect(await test.application.canSubmit(anna, { ...choices, ...file })).toEqual({ signingRequestId: null })
    const { signingRequestId } = await test.application.submitSigningRequest(anna, {
      ...choices,
      source: uploaded(uploadId),
    })
    const asked = { ...choices, ...file, project: 'inactive' }
    expect(await test.application.canSubmit(anna, asked)).toEqual({ signingRequestId })
  })
})
