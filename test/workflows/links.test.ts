import { createHash, randomUUID } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { describe, expect, test } from 'vitest'
import { ServiceError, type SubmittedSource } from '../../application/index.ts'
import type { SigningRequestId } from '../../domain/index.ts'
import { streams } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { sampleProgram } from '../../server/embedded/sample-program.ts'
import { newPayloadKey } from '../../server/payload-codec.ts'
import { answeringServer } from '../support/answering-server.ts'
import { testLinkSource, testSecrets } from '../support/link-source.ts'
import { callerOf, organizationApplication } from '../support/organization-application.ts'
import { useTimeSkipping } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'
import { until } from '../support/until.ts'
import { startWorkers } from '../support/workers.ts'
import { typesOf } from '../support/workflow-requests.ts'

const environment = useTimeSkipping()
const hour = 3_600_000
const program = sampleProgram()
const sha256 = createHash('sha256').update(program).digest('hex')
const canary = 'canary-4711'

/** An organization whose service fetches links and waits for announced uploads, by Temporal's own clock. */
async function opened() {
  const secrets = testSecrets()
  const payloads: string[] = []
  const now = () => new Date().toISOString()
  const kinds = [testLinkSource({ secrets, limits: { lifetimeMs: 24 * hour } })]
  const organization = await testOrganization({ approval: null, kinds })
  const onPayload = (text: string) => void payloads.push(text)
  const workflows = await startWorkers(environment(), organization, newPayloadKey(), { onPayload })
  const application = organizationApplication(organization, workflows)
  const caller = await callerOf(application, organization, organization.submitter)
  async function submit(source: SubmittedSource, cancelAfterSeconds: number | null = null) {
    const input = {
      ...{ project: 'test', signingPolicy: 'release', description: null, source, cancelAfterSeconds },
      idempotencyKey: randomUUID(),
    }
    const submitted = async () => {
      try {
        return (await application.submitSigningRequest(caller, input)).signingRequestId
      } catch (error) {
        // Temporal is slow on a busy machine: the same call again, as the error says.
        if (error instanceof ServiceError && error.code === 'TEMPORAL_UNAVAILABLE') return undefined
        throw error
      }
    }
    return until('the submission is answered', submitted, 50_000)
  }
  const end = (id: SigningRequestId) => workflows.client.workflow.getHandle(id).result()
  const waits = (id: SigningRequestId, code: string) =>
    until(`the request waits for ${code}`, async () => {
      const request = await organization.request(id)
      return request.waitingFor?.failure.code === code ? request : undefined
    })
  return { organization, workflows, application, caller, secrets, payloads, submit, end, waits, now }
}

const link = (url: string) => ({
  kind: 'link',
  url: `${url}/setup.exe?signature=${canary}`,
  fileName: 'setup.exe',
  headers: { authorization: `Bearer ${canary}` },
})

describe('a request by a link', () => {
  test('is fetched and signed, and its secrets stand in no event and no payload, and are gone in the end', async () => {
    const server = await answeringServer((_, response) => response.end(program))
    const { organization, submit, end, secrets, payloads } = await opened()
    const id = await submit(link(server.url))
    await end(id)
    expect(await organization.request(id)).toMatchObject({
      workflowStatus: 'Completed',
      artifact: { fileName: 'setup.exe', sha256, size: program.length },
    })
    expect(server.asked).toMatchObject([{ url: `/setup.exe?signature=${canary}` }])
    const { source } = await organization.request(id)
    const { organizationId } = organization.setup
    expect(await secrets.get({ organizationId, purpose: 'link', id: String(source.secretsId) })).toBeUndefined()
    const { events } = await readWholeStream(organization.log, streams.signingRequest(id))
    expect(JSON.stringify(events)).not.toContain(canary)
    expect(payloads.length).toBeGreaterThan(0)
    expect(payloads.filter((text) => text.includes(canary))).toEqual([])
  })

  test('waits while the server is away, or cuts the answer, and goes on when it is there again', async () => {
    const answers: RequestListener[] = [
      (_, response) => response.writeHead(503).end(),
      (_, response) =>
        response.writeHead(200, { 'content-length': program.length }).write(program.subarray(0, 100), () => {
          response.destroy()
        }),
    ]
    const server = await answeringServer((request, response) => {
      const answer = answers.shift()
      if (answer === undefined) response.end(program)
      else answer(request, response)
    })
    const { organization, submit, end } = await opened()
    const id = await submit(link(server.url))
    await end(id)
    expect(await organization.request(id)).toMatchObject({ workflowStatus: 'Completed', artifact: { sha256 } })
    expect(server.asked.length).toBe(3)
  })

  test('ends with a code when the server refuses, and its secrets are gone', async () => {
    const server = await answeringServer((_, response) => response.writeHead(403).end(canary))
    const { organization, submit, end, secrets } = await opened()
    const id = await submit(link(server.url))
    await end(id)
    const request = await organization.request(id)
    expect(request).toMatchObject({ workflowStatus: 'ArtifactRetrievalFailed', failure: { code: 'LINK_REFUSED' } })
    expect(JSON.stringify(request.failure)).not.toContain(canary)
    const { organizationId } = organization.setup
    const place = { organizationId, purpose: 'link', id: String(request.source.secretsId) }
    expect(await secrets.get(place)).toBeUndefined()
  })
})

describe('a request that is to be canceled after a time', () => {
  test('is canceled by the service while it waits for its artifact, and says why', async () => {
    const server = await answeringServer((_, response) => response.writeHead(503).end())
    const { organization, submit, end, secrets } = await opened()
    const id = await submit(link(server.url), 600)
    await until('the server was asked', () => server.asked.length > 0)
    await environment().sleep('1 hour')
    await end(id)
    const request = await organization.request(id)
    expect(request).toMatchObject({ workflowStatus: 'Canceled', cancellation: { canceledBy: null } })
    expect(request.cancellation?.reason).toContain(String(request.cancelAt))
    const { organizationId } = organization.setup
    expect(await secrets.get({ organizationId, purpose: 'link', id: String(request.source.secretsId) })).toBeUndefined()
  })

  test('is left alone when it is final by then', async () => {
    const server = await answeringServer((_, response) => response.end(program))
    const { organization, submit, end } = await opened()
    const id = await submit(link(server.url), 30_000_000)
    await end(id)
    expect((await typesOf(organization, id)).at(-1)).toBe('SigningRequestCompleted')
  })

  test('is refused with a time that is none', async () => {
    const { submit } = await opened()
    for (const seconds of [0, -1, 1.5, 40_000_000, Number.NaN])
      await expect(submit(link('http://127.0.0.1:1'), seconds)).rejects.toMatchObject({
        code: 'CANCELLATION_TIMEOUT_INVALID',
      })
  })
})
