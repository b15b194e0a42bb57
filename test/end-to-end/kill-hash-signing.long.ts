import { createHash, verify, X509Certificate } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { certificateDecider, chainOfCertificate, fold, type SigningRequest, streams } from '../../domain/index.ts'
import { type EventLog, readWholeStream } from '../../event-log/index.ts'
import { type KillOrder, killOrderVariable } from '../support/kill-at-append/event-log.ts'
import { makeDemo } from '../support/make-demo.ts'
import { requestHistories } from '../support/request-histories.ts'
import { serviceClient } from '../support/service-client.ts'
import { type SplitService, startSplitService } from '../support/split-service.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const timeoutMs = 180_000
const hook = pathToFileURL(join(import.meta.dirname, '../support/kill-at-append/hook.ts')).href
const contents = Array.from({ length: 100 }, (_, index) => `content ${index}`)
const hashes = contents.map((content) => createHash('sha256').update(content).digest('base64'))

/** Where a signer dies, and in how many attempts a request that it was about is signed then. */
const deaths: readonly (Omit<KillOrder, 'alone'> & { readonly attempts: number })[] = [
  { type: 'SigningStarted', moment: 'before', attempts: 1 },
  { type: 'SigningStarted', moment: 'after', attempts: 2 },
  { type: 'FilesSigned', moment: 'before', attempts: 2 },
  { type: 'FilesSigned', moment: 'after', attempts: 1 },
]

it.each([
  { how: 'without approval', approver: undefined },
  { how: 'with approval', approver: 'approver-1' },
])(
  'a signer that is killed while it signs hashes $how is followed by another, and all calls have one answer',
  async ({ approver }) => {
    const data = join(temporaryFolder(), 'data')
    await makeDemo(data)
    const order = join(data, 'kill-order.json')
    const service = await startSplitService(data, {
      environment: { NODE_OPTIONS: `--import=${hook}`, [killOrderVariable]: order },
    })
    onTestFinished(() => service.close(), 60_000)
    const clientOf = (name: string) => serviceClient(service.url, service.credentials.users[name]?.token)
    await createPolicy(service, approver)
    for (const { type, moment, attempts } of deaths) {
      const answers = new Set<string>()
      const idempotencyKey = `${type} ${moment}`
      const input = { project: 'demo', signingPolicy: 'hashes', signatureAlgorithm: 'Ecdsa', hashes, idempotencyKey }
      async function ask(): Promise<Answer> {
        const { signHashes } = await clientOf('ci').ask<{ signHashes: Answer }>(signDocument, { input })
        if (signHashes.signatures !== null) answers.add(JSON.stringify(signHashes.signatures))
        return signHashes
      }

      writeFileSync(`${order}.new`, JSON.stringify({ type, moment, alone: true } satisfies KillOrder))
      renameSync(`${order}.new`, order)
      const calls = [ask(), ask()]
      if (approver !== undefined) {
        const { signingRequestId } = await Promise.race(calls)
        const { plan } = await requestOf(service.log, signingRequestId)
        const approve = { input: { signingRequestId, planDigest: plan?.digest } }
        await clientOf(approver).ask(approveDocument, approve)
      }
      expect(await service.ended('signer')).toEqual({ code: null, signal: 'SIGKILL' })
      await service.start('signer')
      const [{ signingRequestId }] = (await Promise.all(calls)) as [Answer, Answer]
      await until('the signatures', async () => (await ask()).signatures, timeoutMs)
      await ask()
      expect([...answers]).toHaveLength(1)

      const { request, types } = (await requestHistories(service.log)).get(signingRequestId) ?? {}
      expect(request, idempotencyKey).toMatchObject({ workflowStatus: 'Completed', attempts, failure: null })
      const count = (wanted: string) => types?.filter((each) => each === wanted).length
      expect([count('SigningStarted'), count('FilesSigned'), count('SigningRequestCompleted')]).toEqual([
        attempts,
        1,
        1,
      ])
      const key = await publicKeyOf(service.log, request as SigningRequest)
      const [answer = '[]'] = answers
      for (const [index, signature] of (JSON.parse(answer) as string[]).entries())
        expect(
          verify(
            'sha256',
            Buffer.from(contents[index] ?? ''),
            { key, dsaEncoding: 'ieee-p1363' },
            Buffer.from(signature, 'base64'),
          ),
        ).toBe(true)
    }
  },
  30 * 60_000,
)

type Answer = { readonly signingRequestId: string; readonly signatures: readonly string[] | null }

async function createPolicy({ url, log, credentials }: SplitService, approver: string | undefined): Promise<void> {
  const user = (name: string) => [{ user: credentials.users[name]?.userId }]
  for await (const events of log.readAll())
    for (const { type, data } of events) {
      if (type !== 'SigningPolicyCreated' || data.slug !== 'test-signing') continue
      const settings = {
        name: 'Hashes',
        certificateId: (data.settings as { certificateId: string }).certificateId,
        submitters: user('ci'),
        approval: approver === undefined ? null : { approvers: user(approver), requiredApprovals: 1 },
        timestamp: 'none',
        hashSigningAllowed: true,
      }
      const input = { projectId: data.projectId, slug: 'hashes', settings }
      await serviceClient(url, credentials.users.administrator?.token).ask(createDocument, { input })
      return
    }
  throw new Error('The demo has no policy test-signing.')
}

async function requestOf(log: EventLog, id: string): Promise<SigningRequest> {
  const found = (await requestHistories(log)).get(id)
  if (found === undefined) throw new Error(`There is no request ${id}`)
  return found.request
}

async function publicKeyOf(log: EventLog, { certificateId }: SigningRequest) {
  const { events } = await readWholeStream(log, streams.certificate(certificateId))
  const certificate = fold(certificateDecider, events)
  const chain = certificate.status === 'none' ? [] : chainOfCertificate(certificate.issued)
  return new X509Certificate(Buffer.from(chain[0] ?? '', 'base64')).publicKey
}

const createDocument =
  'mutation ($input: CreateSigningPolicyInput!) { createSigningPolicy(input: $input) { position } }'
const signDocument = 'mutation ($input: SignHashesInput!) { signHashes(input: $input) { signingRequestId signatures } }'
const approveDocument =
  'mutation ($input: ApproveSigningRequestInput!) { approveSigningRequest(input: $input) { position } }'
