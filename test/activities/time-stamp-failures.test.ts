import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MockActivityEnvironment } from '@temporalio/testing'
import { expect, onTestFinished, test } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { createTimestampClient } from '../../signing/timestamp/index.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'

silenceWorkers()

/** A server that answers like no time-stamp authority. */
async function answering(status: number, headers: Record<string, string>, body: string): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status, headers).end(body))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

test('no answer of a time-stamp authority ends an approved request: it can be tried again, and completes when one answers well', async () => {
  const organization = await testOrganization({ approval: null })
  const { signingRequestId } = await organization.planned()
  const urls = [
    await answering(200, { 'content-type': 'text/html' }, '<html>Welcome to the hotel</html>'),
    await answering(403, { 'content-type': 'text/plain' }, 'Daily quota used up'),
    await answering(200, { 'content-type': 'application/timestamp-reply' }, ''),
    await answering(302, { location: 'https://elsewhere.example/' }, ''),
  ]
  const broken = createTimestampClient({
    urls: urls as [string, ...string[]],
    transport: fetch,
    timeoutMs: 5000,
    maximumSkewMs: 60_000,
    wait: async () => undefined,
  })
  const signing = async (signer: typeof organization.signer) => {
    const { sign } = signerActivities({ ...signer, recordRefusal: async () => undefined })
    return new MockActivityEnvironment()
      .run(sign, { signingRequestId, fromRevision: 0 })
      .catch((error: unknown) => error)
  }
  const failure = await signing({ ...organization.signer, timestamps: broken })
  expect(failure).toMatchObject({ type: 'TIMESTAMP_UNAVAILABLE', nonRetryable: false })
  const { message } = failure as Error
  for (const url of urls) expect(message).toContain(url)
  for (const said of ['text/html', 'Daily quota used up', 'TimeStampResp is missing', 'https://elsewhere.example/'])
    expect(message).toContain(said)
  expect(await organization.request(signingRequestId)).toMatchObject({ workflowStatus: 'Processing' })

  await signing(organization.signer)
  expect(await organization.request(signingRequestId)).toMatchObject({ workflowStatus: 'Completed' })
})

test('when all authorities ask to be left alone, the step is not tried again before that, nor the key used', async () => {
  const organization = await testOrganization({ approval: null })
  const { signingRequestId } = await organization.planned()
  const timestamps = createTimestampClient({
    urls: [await answering(429, { 'retry-after': '300' }, ''), await answering(503, { 'retry-after': '120' }, '')],
    transport: fetch,
    timeoutMs: 5000,
    maximumSkewMs: 60_000,
  })
  const { sign } = signerActivities({ ...organization.signer, timestamps, recordRefusal: async () => undefined })
  const failure = await new MockActivityEnvironment()
    .run(sign, { signingRequestId, fromRevision: 0 })
    .catch((error: unknown) => error as { details: [{ retryAfterMs: number }] })
  expect(failure).toMatchObject({
    type: 'TIMESTAMP_UNAVAILABLE',
    nonRetryable: false,
    details: [{ retryAfterMs: expect.any(Number) }],
  })
  const { details } = failure as { details: [{ retryAfterMs: number }] }
  expect(details[0].retryAfterMs).toBeGreaterThan(60_000)
  expect(details[0].retryAfterMs).toBeLessThanOrEqual(120_000)
})
