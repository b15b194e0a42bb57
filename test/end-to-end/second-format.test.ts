import { createHash, X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { createSigningPlan } from '../../artifacts/index.ts'
import { retrieved } from '../../domain/index.ts'
import { signatureFormats } from '../../signing/formats.ts'
import type { SignatureFormat } from '../../signing/signature-format.ts'
import { serveOrganization } from '../support/served-organization.ts'
import { silenceWorkers, useTimeSkipping } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'
import { trailerFormat } from '../support/trailer-format/format.ts'
import { fileMagic, readTrailer } from '../support/trailer-format/trailer.ts'
import { isSignature } from '../support/trailer-format/verify.ts'
import { until } from '../support/until.ts'

silenceWorkers()
const environment = useTimeSkipping()

const formats: readonly SignatureFormat[] = [...signatureFormats, trailerFormat]
const content = Buffer.concat([fileMagic, Buffer.alloc(3_000_001, 'what is signed')])
const contentDigest = createHash('sha256').update(content).digest()

/** What GraphQL says of the files of a plan. */
async function filesOf(url: string, token: string | undefined, id: string) {
  const query = `query ($id: ID!) { signingRequest(id: $id) { plan { files { nodes {
    path format formatTitle existingSignatures { place depth signer integrity }
    directives { directive attributes { name title value } contentDigests { content algorithm digest } } } } } } }`
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables: { id } }),
  })
  const { data } = (await answer.json()) as {
    data: { signingRequest: { plan: { files: { nodes: readonly object[] } } | null } }
  }
  return data.signingRequest.plan?.files.nodes
}

/** The digest, signature and certificate of a signed file hold, by `node:crypto` alone. */
async function isSignedBy(path: string, certificate: Buffer): Promise<boolean> {
  const handle = await open(path)
  const { contentSize, trailer } = await readTrailer(handle, (await handle.stat()).size)
  await handle.close()
  const digest = createHash('sha256').update(readFileSync(path).subarray(0, contentSize)).digest()
  if (trailer === undefined) throw new Error(`${path} carries no signature`)
  return trailer.certificate.equals(certificate) && isSignature(trailer, digest)
}

describe('a format that the service does not bring along', () => {
  test('is planned, shown, approved, signed by the token, verified and saved', async () => {
    const organization = await testOrganization({ formats, timestamp: 'none' })
    const { folder, tokens, submitter, approvers } = organization
    const { url, countersign } = await serveOrganization(environment(), organization, { formats })
    writeFileSync(join(folder, 'data.tst'), content)
    const sign = (file: string, out: string, printed: (all: { stderr: string }) => void) =>
      countersign(['sign', file, '--project', 'test', '--policy', 'release', '--out', out], submitter, { printed })

    /** Signs a file, approved by two after they have seen the plan; answers with what was shown to them. */
    async function signApproved(file: string, out: string) {
      let stderr = ''
      const signing = sign(file, out, (all) => {
        stderr = all.stderr
      })
      const id = await until('the id', () => /Signing request (\S+)/.exec(stderr)?.[1])
      await until('the wait', () => stderr.includes('Waiting for 2 of'))
      const files = await filesOf(url, tokens.get(approvers[0]), id)
      const shown = await countersign(['request', 'approve', id, '--yes'], approvers[0])
      expect(shown).toMatchObject({ code: 0 })
      expect(await countersign(['request', 'approve', id, '--yes'], approvers[1])).toMatchObject({ code: 0 })
      expect(await signing).toMatchObject({ code: 0 })
      return { files, lines: shown.stdout.split('\n').map((line) => line.trim().replace(/\s{2,}/g, '  ')), stderr }
    }

    const first = await signApproved('data.tst', 'signed.tst')
    expect(first.files).toEqual([
      {
        path: ['data.tst'],
        format: 'trailer-test',
        formatTitle: 'files with a trailer (tst)',
        existingSignatures: [],
        directives: [
          {
            directive: 'trailer-sign',
            attributes: [
              { name: 'hash-algorithm', title: 'hash', value: 'sha256' },
              { name: 'comment', title: 'comment', value: 'Test project' },
            ],
            contentDigests: [{ content: 'content', algorithm: 'sha256', digest: contentDigest.toString('hex') }],
          },
        ],
      },
    ])
    expect(first.lines).toEqual(
      expect.arrayContaining([
        'file  data.tst',
        'trailer-sign',
        'comment  Test project',
        'hash-algorithm  sha256',
        `content  sha256 ${contentDigest.toString('hex')}`,
      ]),
    )
    const { certificate } = await certificateOf(join(folder, 'signed.tst'))
    expect(new X509Certificate(certificate).subject).toContain('Countersign test')
    expect(await isSignedBy(join(folder, 'signed.tst'), certificate)).toBe(true)

    // The signed file again: its signature is told of, and replaced.
    const second = await signApproved('signed.tst', 'signed-again.tst')
    expect(second.files).toMatchObject([
      { existingSignatures: [{ place: 'trailer', depth: 0, integrity: 'intact', signer: 'CN=Countersign test' }] },
    ])
    expect(second.stderr).toContain('signed.tst has the signature of CN=Countersign test: replaced')
    expect(readFileSync(join(folder, 'signed-again.tst')).subarray(0, content.length).equals(content)).toBe(true)
    expect(await isSignedBy(join(folder, 'signed-again.tst'), certificate)).toBe(true)
  }, 120_000)

  test('is refused when it is planned, where the policy demands what its signatures cannot have', async () => {
    const organization = await testOrganization({ formats, timestamp: 'none' })
    const request = retrieved(await organization.planned(content))
    const { store, signer } = organization
    const work = { formats, store, passes: signer.passes, certificateThumbprint: 'ab'.repeat(32) }
    const facts = { ...work, request, keyAlgorithm: 'ec-p256' } as const
    await expect(createSigningPlan({ ...facts, request: { ...request, timestamp: 'required' } })).rejects.toMatchObject(
      {
        code: 'TIMESTAMP_NOT_POSSIBLE',
        path: ['program.exe'],
        transient: false,
      },
    )
    await expect(createSigningPlan({ ...facts, keyAlgorithm: 'rsa-3072' })).rejects.toMatchObject({
      code: 'KEY_ALGORITHM_UNSUITABLE',
      message: expect.stringContaining('only with ec-p256'),
    })
    await expect(createSigningPlan({ ...facts, formats: signatureFormats })).rejects.toMatchObject({
      code: 'FORMAT_NOT_SUPPORTED',
      message: expect.not.stringContaining('trailer'),
    })
  })

  test.each([
    [
      'signs something else than was planned',
      'SIGNATURE_NOT_AS_PLANNED',
      'the comment is not as the plan says',
      { 'hash-algorithm': 'sha256', comment: 'Other' },
    ],
    [
      'signs with another hash than was planned',
      'TRAILER_SIGNATURE_INVALID',
      'not for this content',
      { 'hash-algorithm': 'sha512', comment: 'Test project' },
    ],
  ])('leaves nothing when its sign side %s', async (_, code, said, attributes) => {
    const sabotaged: typeof trailerFormat = {
      ...trailerFormat,
      sign: (file, directives, ...rest) =>
        trailerFormat.sign(
          file,
          directives.map((each) => ({ ...each, attributes })),
          ...rest,
        ),
    }
    const organization = await testOrganization({ formats, approval: null, timestamp: 'none' })
    const { signingRequestId } = await organization.planned(content)
    const stored = () => readdirSync(join(organization.folder, 'artifacts'), { recursive: true }).sort()
    const before = stored()
    const signer = { ...organization.signer, formats: [sabotaged], recordRefusal: async () => undefined }
    const failure = await new MockActivityEnvironment()
      .run(signerActivities(signer).sign, { signingRequestId, fromRevision: 0 })
      .then(
        () => undefined,
        (error: { type?: string; message: string }) => error,
      )
    expect(failure).toMatchObject({ type: code, message: expect.stringContaining(said) })
    expect(stored()).toEqual(before)
  })
})

/** The certificate that a signed file carries. */
async function certificateOf(path: string): Promise<{ readonly certificate: Buffer }> {
  const handle = await open(path)
  const { trailer } = await readTrailer(handle, (await handle.stat()).size)
  await handle.close()
  return { certificate: trailer?.certificate ?? Buffer.alloc(0) }
}
