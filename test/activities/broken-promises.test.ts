import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { expect, onTestFinished, test } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { sampleProgram } from '../../server/embedded/sample-program.ts'
import { startTimeStampAuthority } from '../../server/embedded/time-stamp-authority.ts'
import { prepareTimeStampAuthority } from '../../server/embedded/time-stamp-authority-identity.ts'
import {
  type DigestedCopy,
  type DigestedImage,
  digestPeFile,
  imageDigestion,
  peFormat,
  readPeHeaders,
  type SignatureRequest,
  signCopy,
} from '../../signing/authenticode/index.ts'
import type { FilePasses } from '../../signing/file-passes/index.ts'
import { createTimestampClient, type TimestampClient } from '../../signing/timestamp/index.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeSign, osslsigncodeVerify } from '../support/osslsigncode.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { testOrganization } from '../support/test-organization.ts'

silenceWorkers()

/** What a saboteur has at hand. */
type Means = {
  readonly passes: FilePasses
  readonly stranger: TestIdentity
  readonly foreignAuthority: TimestampClient
}

/** Makes a signature as the signer does, but for one thing. */
type Sabotage = (copy: DigestedCopy, request: SignatureRequest, means: Means) => Promise<unknown>

type Case = readonly [promise: string, expected: { code: string; said?: string }, sabotage: Sabotage]

const notAsPlanned = (said: string) => ({ code: 'SIGNATURE_NOT_AS_PLANNED', said })

/** The copy as it is now, digested anew. */
async function digested({ handle }: DigestedCopy, { passes }: Means): Promise<DigestedCopy> {
  const { size } = await handle.stat()
  const file = await readPeHeaders(handle, size)
  const digestion = imageDigestion({ file, hashAlgorithms: ['sha256'], unpadded: false })
  const read = await passes.read({ input: handle.fd, output: undefined, end: size, hashed: false, digestion })
  const { digests, sum } = read.digested as DigestedImage
  return { handle, file, imageDigest: digests.get('sha256') ?? new Uint8Array(), sum }
}

const cases: readonly Case[] = [
  [
    'the description',
    notAsPlanned('the description'),
    (copy, request) => signCopy(copy, { ...request, description: 'Another program' }),
  ],
  [
    'that there is a description',
    notAsPlanned('the description'),
    (copy, { description: _, ...request }) => signCopy(copy, request),
  ],
  [
    'the URL',
    notAsPlanned('the URL'),
    (copy, request) => signCopy(copy, { ...request, descriptionUrl: 'https://example.org/other' }),
  ],
  [
    'that there is a URL',
    notAsPlanned('the URL'),
    (copy, { descriptionUrl: _, ...request }) => signCopy(copy, request),
  ],
  [
    'the digest algorithm',
    notAsPlanned('the digest algorithm'),
    async (copy, request) => {
      const program = join(temporaryFolder(), 'program.exe')
      await writeFile(program, sampleProgram())
      const imageDigest = await digestPeFile(program, 'sha384')
      return signCopy({ ...copy, imageDigest }, { ...request, hashAlgorithm: 'sha384' })
    },
  ],
  [
    'the program',
    notAsPlanned('the digest'),
    async (copy, request, means) => {
      await copy.handle.write(Buffer.from('other code'), 0, undefined, copy.file.imageSize - 100)
      return signCopy(await digested(copy, means), request)
    },
  ],
  [
    'a digest of the program',
    { code: 'AUTHENTICODE_DIGEST_MISMATCH' },
    (copy, request) => signCopy({ ...copy, imageDigest: new Uint8Array(32) }, request),
  ],
  [
    'one signature and no more',
    { code: 'AUTHENTICODE_KEPT_SIGNATURE_CHANGED' },
    async (copy, request, means) => {
      await signCopy(copy, request)
      return signCopy(await digested(copy, means), { ...request, append: true })
    },
  ],
  ['the time-stamp', notAsPlanned('the time-stamp'), (copy, { timestamp: _, ...request }) => signCopy(copy, request)],
  [
    'an authority that is trusted',
    { code: 'AUTHENTICODE_TIMESTAMP_CHAIN_UNTRUSTED' },
    (copy, request, { foreignAuthority }) => signCopy(copy, { ...request, timestamp: foreignAuthority }),
  ],
  [
    'the certificate',
    { code: 'AUTHENTICODE_CHAIN_UNTRUSTED' },
    (copy, request, { stranger: { key, chain } }) => signCopy(copy, { ...request, key, certificateChain: chain }),
  ],
  [
    'the certificates that travel along',
    { code: 'AUTHENTICODE_UNSIGNED_CONTENT' },
    (copy, request, { stranger: { root } }) =>
      signCopy(copy, { ...request, certificateChain: [...request.certificateChain, root] }),
  ],
]

/** What the format would have signed, and how. */
function originalOrder(...given: Parameters<typeof peFormat.sign>): [DigestedCopy, SignatureRequest] {
  const [{ handle, layout: file, digested }, [directive], { key, certificateChain, timestamps }, { signal }] = given
  const { append, description, 'description-url': descriptionUrl } = directive?.attributes ?? {}
  const copy = { handle, file, imageDigest: digested.digests.get('sha256') ?? new Uint8Array(), sum: digested.sum }
  return [
    copy,
    {
      key,
      certificateChain,
      hashAlgorithm: 'sha256',
      append: append === true,
      ...(typeof description === 'string' && { description }),
      ...(typeof descriptionUrl === 'string' && { descriptionUrl }),
      ...(timestamps && { timestamp: timestamps }),
      ...(signal && { signal }),
    },
  ]
}

/** Lets somebody else make the signature; answers with what came of it, and which files the store got. */
async function signWith(
  organization: Awaited<ReturnType<typeof testOrganization>>,
  sabotage: Sabotage,
  planned = organization.planned(),
) {
  const { folder, signer } = organization
  const stranger = await makeIdentity(temporaryFolder(), 'ec-p256', { commonName: 'Stranger' })
  const authority = await startTimeStampAuthority(await prepareTimeStampAuthority({ dataDirectory: temporaryFolder() }))
  onTestFinished(() => authority.close())
  const foreignAuthority = createTimestampClient({
    urls: [authority.url],
    transport: fetch,
    timeoutMs: 10_000,
    maximumSkewMs: 60_000,
  })
  const { signingRequestId } = await planned
  const before = await storedFiles(folder)
  const means = { passes: signer.passes, stranger, foreignAuthority }
  const saboteur: typeof peFormat = {
    ...peFormat,
    sign: async (copy, directives, signing, options) => {
      await sabotage(...originalOrder(copy, directives, signing, options), means)
      return undefined
    },
  }
  const { sign } = signerActivities({ ...signer, formats: [saboteur], recordRefusal: async () => undefined })
  const failure = await new MockActivityEnvironment().run(sign, { signingRequestId, fromRevision: 0 }).then(
    () => undefined,
    (error: { type?: string; message: string }) => error,
  )
  const { workflowStatus, signedArtifact } = await organization.request(signingRequestId)
  const added = (await storedFiles(folder)).filter((path) => !before.includes(path))
  return { failure, workflowStatus, signedArtifact, added }
}

async function storedFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(folder, 'artifacts'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

function expectThrownAway(
  { failure, workflowStatus, added }: Awaited<ReturnType<typeof signWith>>,
  { code, said = '' }: Case[1],
): void {
  expect(failure).toMatchObject({ type: code, message: expect.stringContaining(said) })
  expect(workflowStatus).toBe('Processing')
  expect(added).toEqual([])
}

test.each(cases)('a signature that breaks %s is thrown away, and nothing is stored', async (_, expected, sabotage) => {
  const organization = await testOrganization({ approval: null })
  expectThrownAway(await signWith(organization, sabotage), expected)
})

test('a time-stamp that was not asked for is thrown away with its signature', async () => {
  const organization = await testOrganization({ approval: null, timestamp: 'none' })
  const { timestamps } = organization.signer
  if (timestamps === undefined) throw new Error('There is no time-stamp authority')
  const outcome = await signWith(organization, (copy, request) => signCopy(copy, { ...request, timestamp: timestamps }))
  expectThrownAway(outcome, notAsPlanned('the time-stamp'))
})

/** A program that somebody else signed. */
async function signedByOther(commonName: string): Promise<Buffer> {
  const folder = temporaryFolder()
  const [input, output] = [join(folder, 'input.exe'), join(folder, 'output.exe')]
  await writeFile(input, sampleProgram())
  // An algorithm that this service does not accept, as old signatures have.
  await osslsigncodeSign(await makeIdentity(folder, 'ec-p256', { commonName }), input, output, '-h', 'sha1')
  return readFile(output)
}

test('signatures that are to be kept stay as they are, whatever they were made with', async () => {
  const organization = await testOrganization({ approval: null })
  const program = await signedByOther('Other')
  const { failure, signedArtifact, workflowStatus } = await signWith(
    organization,
    signCopy,
    organization.planned(program, 'append'),
  )
  expect(failure).toBeUndefined()
  expect(workflowStatus).toBe('Completed')
  if (signedArtifact === null) throw new Error('Nothing was signed')
  const { path } = await organization.store.open(signedArtifact.sha256)
  const { output } = await osslsigncodeVerify(path, organization.timeStampRoot)
  expect(output).toContain('CN=Other')
  expect(output).toContain('CN=Countersign test')
})

const tampering: readonly Case[] = [
  [
    'are removed',
    { code: 'AUTHENTICODE_KEPT_SIGNATURE_CHANGED' },
    (copy, request) => signCopy(copy, { ...request, append: false }),
  ],
  [
    'are exchanged',
    { code: 'AUTHENTICODE_KEPT_SIGNATURE_CHANGED' },
    async (copy, request, means) => {
      const { key, chain } = means.stranger
      await signCopy(copy, { ...request, key, certificateChain: chain, append: false })
      return signCopy(await digested(copy, means), { ...request, append: true })
    },
  ],
]

test.each(tampering)('nothing is stored when signatures that are to be kept %s', async (_, expected, sabotage) => {
  const organization = await testOrganization({ approval: null })
  const planned = organization.planned(await signedByOther('Other'), 'append')
  expectThrownAway(await signWith(organization, sabotage, planned), expected)
})
