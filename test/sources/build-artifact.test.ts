import { createHash, randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { openFolderStore } from '../../artifacts/index.ts'
import type { OrganizationId, ProjectId, Sha256Digest, Submission, UserId } from '../../domain/index.ts'
import { buildArtifactSource, createSources, type FetchedBuildArtifact } from '../../sources/index.ts'
import { aSubmission } from '../support/submission.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const context = {
  organizationId: randomUUID() as OrganizationId,
  userId: randomUUID() as UserId,
  projectId: randomUUID() as ProjectId,
}
const bytes = Buffer.alloc(100_000, 'artifact ')
const sha256 = digestOf(bytes)
const submitted = {
  kind: 'buildArtifact',
  trustedBuildSystemId: randomUUID(),
  connector: 'github-actions',
  build: { runId: '5001', artifactId: '7001', attempt: 2, repository: null },
  artifact: '7001',
}

function digestOf(content: Uint8Array): Sha256Digest {
  return createHash('sha256').update(content).digest('hex') as Sha256Digest
}

/** What a build system gives, in two pieces; whoever leaves early is noted. */
function given(content: Uint8Array, said: Partial<FetchedBuildArtifact> = {}) {
  const seen = { pieces: 0, isLeft: false }
  async function* pieces() {
    try {
      for (const piece of [content.subarray(0, 10), content.subarray(10)]) {
        seen.pieces += 1
        yield piece
      }
    } finally {
      seen.isLeft = true
    }
  }
  return { seen, artifact: { fileName: 'setup.exe', sha256: null, size: null, bytes: pieces(), ...said } }
}

async function opened(artifact: FetchedBuildArtifact | Error, limit?: number) {
  const store = await openFolderStore({ path: temporaryFolder(), maximumSize: 1_000_000 })
  const asked: Submission[] = []
  const fetchArtifact = async (request: Submission) => {
    asked.push(request)
    if (artifact instanceof Error) throw artifact
    return artifact
  }
  const sources = createSources({
    kinds: [buildArtifactSource({ fetchArtifact })],
    limits: limit === undefined ? {} : { buildArtifact: limit },
    store,
  })
  const request = async (more: object = {}) =>
    aSubmission({ source: await sources.check({ ...submitted, ...more }, context) })
  return { store, sources, asked, request }
}

describe('an artifact that its build system keeps', () => {
  test('is named by its build, and is what the build system gives', async () => {
    const { artifact } = given(bytes, { sha256, size: bytes.length })
    const { sources, store, asked, request } = await opened(artifact)
    const asking = await request()
    expect(asking.source).toMatchObject({
      ...{ kind: 'buildArtifact', fileName: null, sha256: null, size: null, isAtHand: false, secretsId: null },
      details: { build: { runId: '5001', artifactId: '7001', attempt: '2' }, artifact: '7001' },
    })
    expect(await sources.retrieve(asking)).toEqual({ fileName: 'setup.exe', sha256, size: bytes.length })
    expect(await store.has(sha256)).toBe(true)
    expect(asked).toEqual([asking])
    expect(sources.describe(asking.source)).toMatchObject({ 'build system': 'github-actions', runId: '5001' })
  })

  test('by a name that is no file name is called an artifact', async () => {
    const { sources, request } = await opened(given(bytes, { fileName: '../setup.exe' }).artifact)
    expect(await sources.retrieve(await request())).toMatchObject({ fileName: 'artifact' })
  })

  test.each([
    ['another digest than the build system tells', { sha256: digestOf(Buffer.from('other')) }],
    ['another size', { size: bytes.length + 1 }],
  ])('is refused with %s', async (_, said) => {
    const { sources, request } = await opened(given(bytes, said).artifact)
    await expect(sources.retrieve(await request())).rejects.toMatchObject({ code: 'ORIGIN_ARTIFACT_MISMATCH' })
  })

  test('is refused when it is not the one that was announced, and is not kept', async () => {
    const { sources, store, request } = await opened(given(bytes).artifact)
    const asking = await request({ sha256: digestOf(Buffer.from('other')) })
    await expect(sources.retrieve(asking)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_AS_ANNOUNCED' })
    expect(await store.has(sha256)).toBe(false)
  })

  test('is left where it is when the build system says that it is too large', async () => {
    const { artifact, seen } = given(bytes, { size: bytes.length })
    const { sources, request } = await opened(artifact, 1_000)
    await expect(sources.retrieve(await request())).rejects.toMatchObject({ code: 'ARTIFACT_TOO_LARGE' })
    expect(seen).toEqual({ pieces: 1, isLeft: true })
  })

  test('passes on why it cannot be had', async () => {
    const away = Object.assign(new Error('GitHub is away.'), { code: 'ORIGIN_API_UNAVAILABLE', transient: true })
    const { sources, request } = await opened(away)
    await expect(sources.retrieve(await request())).rejects.toBe(away)
  })

  test.each([
    ['no id of the build system', { trustedBuildSystemId: 'x' }, 'ID_MALFORMED'],
    ['no artifact', { artifact: undefined }, 'SOURCE_MALFORMED'],
    ['a name of a field that is none', { build: { 'run id': '1' } }, 'SOURCE_MALFORMED'],
    ['a digest that is none', { sha256: 'abc' }, 'DIGEST_MALFORMED'],
  ])('is refused at submission with %s', async (_, more, code) => {
    const { request } = await opened(given(bytes).artifact)
    await expect(request(more)).rejects.toMatchObject({ code })
  })
})
