import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { readCredentials } from '../../server/embedded/credentials.ts'
import { answeringServer } from '../support/answering-server.ts'
import { filesHolding } from '../support/files-holding.ts'
import { startMailServer } from '../support/mail-server.ts'
import { countersign, startEmbedded } from '../support/service-processes.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'
import { answering, startWebHookReceiver } from '../support/web-hook-receiver.ts'
import { giveWorkflowBundle } from '../support/workflow-bundle.ts'

/** What stands in nothing that the service keeps or says. */
const secretsOfTheTest = {
  linkQuery: 'canary-link-query-4711',
  linkHeader: 'canary-link-header-4711',
  hookAuthorization: 'canary-hook-authorization-4711',
  mailPassword: 'canary-mail-password-4711',
  /** Of the form of a token: what clients put where it does not belong. */
  misplaced: 'cs_CanaryMisplaced4711CanaryMisplaced4711',
}

it('what a killed service was about to do is done by the next one, and no secret is left anywhere', {
  timeout: 600_000,
}, async () => {
  const receiver = await startWebHookReceiver()
  const mail = await startMailServer({ login: { user: 'countersign', password: 'another' } })
  const data = temporaryFolder()
  const outside = temporaryFolder()
  await giveWorkflowBundle(data)
  await writeFile(join(outside, 'mail-ca.pem'), mail.authorities)
  const environment = {
    COUNTERSIGN_DATA: data,
    COUNTERSIGN_PORT: '0',
    COUNTERSIGN_OUTGOING_ALLOW_HTTP: 'true',
    COUNTERSIGN_OUTGOING_ALLOWED_NETWORKS: '127.0.0.0/8',
    COUNTERSIGN_MAIL_SERVER: `smtp://127.0.0.1:${mail.port}`,
    COUNTERSIGN_MAIL_FROM: 'signing@corp.test',
    COUNTERSIGN_MAIL_USER: 'countersign',
    COUNTERSIGN_MAIL_PASSWORD: secretsOfTheTest.mailPassword,
    COUNTERSIGN_MAIL_TLS_CA: join(outside, 'mail-ca.pem'),
  }
  let service = await startEmbedded(environment)
  const outputs: string[] = []
  onTestFinished(async () => void (await service.end('SIGKILL')))
  const credentials = await readCredentials(data)
  const base = () => `${service.url}/Api/v1/${credentials?.organizationId}`
  const tokenOf = (as: 'administrator' | 'ci') => credentials?.users[as]?.token ?? ''
  const json = async (as: 'administrator' | 'ci', ...args: readonly string[]) => {
    const { stdout, stderr } = await countersign([...args, '--json'], {
      COUNTERSIGN_URL: service.url,
      COUNTERSIGN_TOKEN: tokenOf(as),
    }).done
    outputs.push(stderr)
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout)
  }
  const rest = async (method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${base()}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${tokenOf(path.startsWith('/SigningRequests') ? 'ci' : 'administrator')}`,
        'content-type': 'application/json',
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: JSON.parse(await answer.text()) }
  }

  // What is handed over once, and what a key of idempotency gives back.
  const hook = await rest('POST', '/WebHooks', {
    name: 'Receiver',
    url: receiver.url,
    eventTypes: ['submitted'],
    authorization: `Bearer ${secretsOfTheTest.hookAuthorization}`,
  })
  expect(hook.status).toBe(201)
  const { webHookId } = hook.body
  const keyed = { 'idempotency-key': randomUUID() }
  const system = { slug: 'build', name: 'Build', kind: 'custom', description: null }
  const [issued, again] = [
    await rest('POST', '/TrustedBuildSystems', system, keyed),
    await rest('POST', '/TrustedBuildSystems', system, keyed),
  ]
  expect([issued.status, again]).toEqual([201, issued])
  const ci = credentials?.users.ci?.userId
  const apiToken = await rest('POST', `/Users/${ci}/ApiTokens`, { name: 'another', expiresAt: null }, keyed)
  expect(apiToken.status).toBe(201)

  // A link that is half fetched, another one, and a receiver that is down, when the service is killed.
  const program = smallPeFile(Buffer.alloc(2_000_000, 'a program'))
  const other = Buffer.from(program)
  other.writeUInt8(other.readUInt8(1_500_000) ^ 1, 1_500_000)
  let isWhole = false
  const halfway: string[] = []
  const files = await answeringServer((request, response) => {
    const bytes = isWhole && request.url?.startsWith('/other') ? other : program
    response.writeHead(200, { 'content-length': bytes.length })
    if (isWhole) return void response.end(bytes)
    response.write(bytes.subarray(0, 1_000_000), () => halfway.push(String(request.url)))
  })
  receiver.answer = (response, { headers }) =>
    void response.writeHead(503).end(`${headers.authorization} ${headers['webhook-signature']}`)
  const submit = async (name: string) => {
    const submitted = await rest('POST', '/SigningRequests/SubmitWithArtifactRetrievalLink', {
      projectSlug: 'demo',
      signingPolicySlug: 'test-signing',
      artifactRetrievalLink: {
        url: `${files.url}/${name}?signature=${secretsOfTheTest.linkQuery}`,
        fileName: `${name}.exe`,
        sha256Hash: createHash('sha256').update(program).digest('hex'),
        httpHeaders: { 'X-Token': secretsOfTheTest.linkHeader },
      },
    })
    expect(submitted).toMatchObject({ status: 201 })
    return String(submitted.body.signingRequestId)
  }
  const [right, wrong] = [await submit('setup'), await submit('other')]
  await until('both are half fetched', () => halfway.length >= 2, 60_000)
  await until('the receiver is told', () => receiver.received.length >= 2, 60_000)
  await until('a mail is tried', () => mail.asked.some((each) => each.startsWith('auth')), 60_000)
  const artifacts = join(data, 'artifacts')
  const unfinished = () => filesBelow(join(artifacts, 'scratch')).filter((path) => !path.endsWith('.lock'))
  await until('bytes have come', () => unfinished().filter((path) => statSync(path).size > 0).length >= 2)
  await service.end('SIGKILL')
  outputs.push(service.output())
  isWhole = true
  receiver.answer = answering(200, 'thanks')
  service = await startEmbedded(environment)

  const final = (id: string) => rest('GET', `/SigningRequests/${id}?waitForFinal=55`)
  expect(await final(right)).toMatchObject({ body: { status: 'Completed' } })
  expect(await final(wrong)).toMatchObject({
    body: { workflowStatus: 'ArtifactRetrievalFailed', failure: { code: 'ARTIFACT_NOT_AS_ANNOUNCED' } },
  })
  expect(files.asked.filter(({ url }) => url?.startsWith('/setup')).length).toBeLessThanOrEqual(4)
  const delivered = await until(
    'both messages are delivered',
    async () => {
      const { deliveries } = await json('administrator', 'web-hook', 'deliveries', webHookId)
      return (
        deliveries.length === 2 &&
        deliveries.every(({ status }: { status: string }) => status === 'delivered') &&
        deliveries
      )
    },
    120_000,
  )
  for (const { deliveryId } of delivered) {
    const { attempts } = await json('administrator', 'web-hook', 'deliveries', '--delivery', deliveryId)
    expect(attempts.filter(({ status }: { readonly status: number }) => status === 200)).toHaveLength(1)
  }
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(2)

  // Tokens where they do not belong.
  const { misplaced } = secretsOfTheTest
  const refused = [
    await rest('GET', `/SigningRequests?access_token=${misplaced}`),
    await rest('GET', '/SigningRequests', undefined, { authorization: `Bearer ${misplaced}` }),
    await rest('GET', '/SigningRequests', undefined, { authorization: `Bearer ${tokenOf('ci')}:${misplaced}` }),
    await rest('GET', `/SigningRequests/${misplaced}`),
    await rest('POST', '/SigningRequests/SignHash', { projectSlug: misplaced, signingPolicySlug: misplaced }),
    await rest('POST', '/SigningRequests/SubmitWithArtifactRetrievalLink', {
      projectSlug: 'demo',
      signingPolicySlug: 'test-signing',
      artifactRetrievalLink: { url: `http://user:${misplaced}@127.0.0.1/`, fileName: 'a.exe' },
    }),
    await rest('POST', '/Certificates', { password: misplaced, file: misplaced }),
    await rest('POST', '/WebHooks', {
      name: 'x',
      url: `https://127.0.0.1:1/${misplaced}`,
      authorization: `\r${misplaced}`,
    }),
    await rest('GET', '/SigningRequests/Events', undefined, { 'last-event-id': misplaced }),
  ]
  expect(refused.map(({ status }) => status).filter((status) => status < 400 || status >= 500)).toEqual([])
  const graphql = await fetch(`${service.url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokenOf('ci')}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      query: `{ node(id: "${misplaced}") { id } ${misplaced} }`,
      variables: { token: misplaced },
    }),
  })
  expect(await graphql.json()).toMatchObject({ errors: expect.anything() })

  const exported = await fetch(`${service.url}/audit-log/export`, {
    headers: { authorization: `Bearer ${tokenOf('administrator')}` },
  })
  const log = await exported.text()
  const secrets = [
    ...Object.values(secretsOfTheTest),
    ...[hook.body.secret, issued.body.token, apiToken.body.token].map(String),
  ]
  expect(secrets.filter((secret) => secret.length < 20)).toEqual([])
  await until('mails wait', () => mail.asked.filter((each) => each.startsWith('auth')).length > 1, 120_000)
  await service.end('SIGTERM')
  outputs.push(service.output(), log)
  for (const secret of secrets) expect(outputs.filter((output) => output.includes(secret))).toEqual([])
  expect(filesHolding(data, secrets)).toEqual([])
  // What is kept would be found.
  expect(filesHolding(data, ['setup.exe'])).not.toEqual([])
  // Nothing is kept of what was not fetched to its end, or was not what was announced.
  expect(unfinished()).toEqual([])
  const kept = filesBelow(join(artifacts, 'sha256')).map((path) => path.slice(-64))
  expect(kept).not.toEqual([])
  expect(kept.filter((digest) => !log.includes(digest))).toEqual([])
})

function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
}
