import { describe, expect, it } from 'vitest'
import { handleCommand } from '../../application/handle-command.ts'
import type { Caller, SubmitSigningRequestInput } from '../../application/index.ts'
import { projectDecider, streams } from '../../domain/index.ts'
import { type TestApplication, testApplication, uploaded } from '../support/test-application.ts'

/** Two submitters of the project `tool`, one of `other` as well. */
async function project() {
  const test = await testApplication()
  const [anna, bert] = [await test.user('Anna'), await test.user('Bert')]
  const { projectId } = await test.policy({ submitters: [anna, bert] })
  await test.policy({ submitters: [anna], slug: 'other' })
  return { test, anna, bert, projectId }
}

async function upload({ application }: TestApplication, caller: Caller, text = 'a program', fileName = 'setup.exe') {
  async function* bytes() {
    yield new TextEncoder().encode(text)
  }
  return (await application.uploadArtifact(caller, { fileName, bytes: bytes() })).uploadId
}

async function requestIds({ dependencies }: TestApplication): Promise<ReadonlySet<string>> {
  const ids = new Set<string>()
  for await (const batch of dependencies.log.readAll())
    for (const { streamId } of batch) if (streamId.startsWith('signingRequest-')) ids.add(streamId.slice(15))
  return ids
}

const input = { project: 'tool', signingPolicy: 'release', description: 'Release 1', idempotencyKey: 'job 4711' }

describe('a submission with an idempotency key', () => {
  it('is answered as it was before, by whatever upload, slug or id the same content comes', async () => {
    const { test, anna, projectId } = await project()
    const submit = async (changes: Partial<SubmitSigningRequestInput> = {}) =>
      test.application.submitSigningRequest(anna, { ...input, source: uploaded(await upload(test, anna)), ...changes })
    const first = await submit()
    expect(first.position).toBe(await test.dependencies.log.head())
    expect(first.signingRequestId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8/)
    expect(await submit()).toEqual(first)
    expect(await submit({ project: projectId.toUpperCase(), signingPolicy: 'RELEASE' })).toEqual(first)
    // What the policy says to those who do not choose.
    expect(await submit({ existingSignatures: 'replace' })).toEqual(first)
    expect([...(await requestIds(test))]).toEqual([first.signingRequestId])
  })

  it('is answered so when project or request have come to their end, and permission was withdrawn', async () => {
    const { test, anna, projectId } = await project()
    const uploadId = await upload(test, anna)
    const submit = () => test.application.submitSigningRequest(anna, { ...input, source: uploaded(uploadId) })
    const first = await submit()
    await test.application.cancelSigningRequest(anna, { signingRequestId: first.signingRequestId, reason: null })
    const command = { type: 'DeactivateProject', reason: null } as const
    await handleCommand(test.dependencies, test.setup, streams.project(projectId), projectDecider, command)
    expect(await submit()).toEqual(first)
  })

  it('is refused when the content is another, and the first request stays as it is', async () => {
    const { test, anna } = await project()
    const uploadId = await upload(test, anna)
    await test.application.submitSigningRequest(anna, { ...input, source: uploaded(uploadId) })
    const others: readonly (readonly [string, Partial<SubmitSigningRequestInput>])[] = [
      ['artifact', { source: uploaded(await upload(test, anna, 'another program')) }],
      ['artifact', { source: uploaded(await upload(test, anna, 'a program', 'other.exe')) }],
      ['description', { description: null }],
      ['existingSignatures', { existingSignatures: 'append' }],
      ['project,signingPolicy', { project: 'other' }],
    ]
    const before = await requestIds(test)
    for (const [differences, changes] of others) {
      const refused = await test.application
        .submitSigningRequest(anna, { ...input, source: uploaded(uploadId), ...changes })
        .catch((error: unknown) => error)
      expect(refused).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED', details: { signingRequestId: [...before][0] } })
      expect((refused as { details: { differences: string[] } }).details.differences.join()).toBe(differences)
    }
    expect(await requestIds(test)).toEqual(before)
  })

  it('has a key of its user alone, and a new key is a new request', async () => {
    const { test, anna, bert } = await project()
    const ids = new Set<string>()
    for (const [caller, idempotencyKey] of [
      [anna, 'job 1'],
      [bert, 'job 1'],
      [anna, 'job 2'],
      [anna, null],
      [anna, null],
    ] as const) {
      const uploadId = await upload(test, caller)
      const answer = await test.application.submitSigningRequest(caller, {
        ...input,
        source: uploaded(uploadId),
        idempotencyKey,
      })
      ids.add(answer.signingRequestId)
    }
    expect(ids.size).toBe(5)
    expect(await requestIds(test)).toEqual(ids)
  })

  it('uses up no key when it is refused', async () => {
    const { test, anna, bert } = await project()
    const submit = async (caller: Caller, project: string) =>
      test.application.submitSigningRequest(caller, { ...input, source: uploaded(await upload(test, caller)), project })
    await expect(submit(bert, 'other')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect([...(await requestIds(test))]).toEqual([])
    const { signingRequestId } = await submit(bert, 'tool')
    expect([...(await requestIds(test))]).toEqual([signingRequestId])
    await submit(anna, 'other')
  })

  it('has a key of 1 to 128 printable ASCII characters', async () => {
    const { test, anna } = await project()
    const uploadId = await upload(test, anna)
    for (const idempotencyKey of ['', 'x'.repeat(129), 'schlüssel', 'a\nb', '\u007f', '\u200b'])
      await expect(
        test.application.submitSigningRequest(anna, { ...input, source: uploaded(uploadId), idempotencyKey }),
      ).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_MALFORMED' })
    for (const idempotencyKey of ['x', ' ~'.repeat(64)])
      await test.application.submitSigningRequest(anna, { ...input, source: uploaded(uploadId), idempotencyKey })
  })

  it('is one request with its twins of the same moment, and other content among them is refused', async () => {
    const { test, anna } = await project()
    const [same, other] = [await upload(test, anna), await upload(test, anna, 'another program')]
    const answers = await Promise.allSettled(
      Array.from({ length: 16 }, (_, index) =>
        test.application.submitSigningRequest(anna, { ...input, source: uploaded(index % 2 === 0 ? same : other) }),
      ),
    )
    const ids = await requestIds(test)
    expect(ids.size).toBe(1)
    const outcomes = answers.map((answer) =>
      answer.status === 'fulfilled' ? answer.value.signingRequestId : (answer.reason as { code: string }).code,
    )
    expect(new Set(outcomes.filter((_, index) => index % 2 === 0)).size).toBe(1)
    expect(new Set(outcomes)).toEqual(new Set([...ids, 'IDEMPOTENCY_KEY_REUSED']))
  })
})
