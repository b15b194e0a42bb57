import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { documentedBlocks, runBlocks } from '../support/documented-commands.ts'
import { makeDemo } from '../support/make-demo.ts'
import { osslsigncodeVerify } from '../support/osslsigncode.ts'
import { realPrograms } from '../support/programs.ts'
import { releaseByCommands } from '../support/release-scenario/by-cli.ts'
import { releaseByGraphQL } from '../support/release-scenario/by-graphql.ts'
import { releaseByRest } from '../support/release-scenario/by-rest.ts'
import { makeReleaseWorld, type ReleaseWorld } from '../support/release-scenario/world.ts'
import { runCommand } from '../support/run-command.ts'
import { countersign, type ServiceProcess, startServe } from '../support/service-processes.ts'
import { suiteFolder } from '../support/suite-folder.ts'

const folder = suiteFolder()
const data = join(folder, 'data')
const program = join(folder, 'setup.exe')
let service: ServiceProcess
let organizationId: string
let token: string

beforeAll(async () => {
  copyFileSync((await realPrograms()).pe32plus, program)
  mkdirSync(join(folder, 'signed'))
  await makeDemo(data)
  service = await startServe({
    COUNTERSIGN_DATA: data,
    COUNTERSIGN_PORT: '0',
    COUNTERSIGN_OUTGOING_ALLOW_HTTP: 'true',
    COUNTERSIGN_OUTGOING_ALLOWED_NETWORKS: '127.0.0.0/8',
  })
  const who = await runCommand(['whoami', '--json'], { environment: { COUNTERSIGN_DATA: data } })
  organizationId = JSON.parse(who.stdout).organization.organizationId
  const { users } = JSON.parse(readFileSync(join(data, 'credentials.json'), 'utf8'))
  token = users.ci.token
  return async () => void (await service.end('SIGTERM'))
}, 180_000)

async function requireSigned(file: string, name = 'test-signing'): Promise<void> {
  const environment = { COUNTERSIGN_DATA: data }
  const list = JSON.parse((await runCommand(['certificate', 'list', '--json'], { environment })).stdout)
  const { certificateId } = list.certificates.find((each: { readonly name: string }) => each.name === name)
  const pem = join(folder, `certificate-${name}.pem`)
  await runCommand(['certificate', 'download', certificateId, '--out', pem], { environment })
  const verdict = await osslsigncodeVerify(join(folder, file), pem, join(data, 'time-stamp-authority', 'root.pem'))
  expect(verdict.ok, verdict.output).toBe(true)
}

describe('docs/pipelines.md', () => {
  it('is true of countersign sign and of curl, block by block', async () => {
    const blocks = documentedBlocks('docs/pipelines.md')
    expect(blocks.length).toBe(4)
    const { code, said } = await runBlocks(blocks, {
      folder,
      environment: {
        COUNTERSIGN_URL: service.url,
        COUNTERSIGN_TOKEN: token,
        ORGANIZATION_ID: organizationId,
        PROJECT: 'demo',
        POLICY: 'test-signing',
      },
    })
    expect(code, said).toBe(0)
    await requireSigned('signed/setup.exe')
    await requireSigned('signed-by-curl.exe')
    expect(said).toContain(`${service.url}/signing-requests/`)
  })

  it('is true of what PowerShell sends: the file before the fields, names without quotes, its own name twice', async () => {
    const [block = ''] = documentedBlocks('docs/pipelines.md', 'powershell')
    for (const name of ['ProjectSlug', 'SigningPolicySlug', 'Description', 'Artifact']) expect(block).toContain(name)
    const answer = await send([
      filePart('Artifact', 'sétup.exe', readFileSync(program)),
      textPart('ProjectSlug', 'demo'),
      textPart('Description', 'Release 1.4.2'),
      textPart('SigningPolicySlug', 'test-signing'),
    ])
    expect(answer).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 201 /)
    const { signingRequestId } = JSON.parse(/\{.*\}/s.exec(answer)?.[0] ?? '')
    const headers = { authorization: `Bearer ${token}` }
    const path = `${service.url}/Api/v1/${organizationId}/SigningRequests/${signingRequestId}`
    const status = await (await fetch(`${path}/Status?waitForFinal=60`, { headers })).json()
    expect(status).toMatchObject({ status: 'Completed', isFinalStatus: true })
    const signed = await fetch(`${path}/SignedArtifact`, { headers })
    expect(signed.headers.get('content-disposition')).toContain("filename*=UTF-8''s%C3%A9tup.exe")
    writeFileSync(join(folder, 'by-powershell.exe'), Buffer.from(await signed.arrayBuffer()))
    await requireSigned('by-powershell.exe')
  })
})

describe('countersign sign, of an artifact that is somewhere else,', () => {
  const run = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    runCommand(args, {
      environment: { COUNTERSIGN_URL: service.url, COUNTERSIGN_TOKEN: token, ...environment },
      workingDirectory: folder,
    })
  const of = ['--project', 'demo', '--policy', 'test-signing']

  it('has it fetched from a link, with a header whose value nobody sees', async () => {
    const asked: (string | undefined)[] = []
    const builds = createServer((request, response) => {
      asked.push(`${request.url} ${request.headers.authorization}`)
      response.end(readFileSync(program))
    })
    await new Promise<void>((resolve) => builds.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void builds.close())
    const link = `http://127.0.0.1:${(builds.address() as AddressInfo).port}/817/setup.exe`
    writeFileSync(join(folder, 'link'), `${link}?signature=secret-query\n`)
    const header = ['--link-header-env', 'Authorization=LINK_AUTHORIZATION']
    const args = ['sign', '--from-link-file', 'link', ...header, ...of, '--out', 'from-link.exe']
    const ran = await run(args, { LINK_AUTHORIZATION: 'Bearer secret-value' })
    expect(ran, ran.stderr).toMatchObject({ code: 0 })
    expect(ran.stderr).toContain(`to be fetched from ${link}`)
    expect(ran.stderr).not.toContain('secret-')
    expect(asked).toEqual(['/817/setup.exe?signature=secret-query Bearer secret-value'])
    await requireSigned('from-link.exe')
  })

  it('announces it, has it sent later, and takes the request up in another job', async () => {
    const key = ['--idempotency-key', 'announced']
    const announced = await run(['sign', 'setup.exe', '--upload-later', ...of, ...key, '--no-wait'])
    expect(announced, announced.stderr).toMatchObject({ code: 0 })
    const end = run(['sign', '--attach', ...key, '--out', 'announced.exe'])
    expect(await run(['request', 'upload', announced.stdout.trim(), 'setup.exe'])).toMatchObject({ code: 0 })
    expect(await end).toMatchObject({ code: 0 })
    await requireSigned('announced.exe')
    expect((await run(['request', 'upload', announced.stdout.trim(), 'setup.exe'])).stdout).toContain('already')
  })
})

describe('docs/release-tools.md', () => {
  it('is true, block by block, of a matrix of builds', { timeout: 120_000 }, async () => {
    const list = await runCommand(['policy', 'list', '--json'], { environment: { COUNTERSIGN_DATA: data } })
    const policies: readonly { slug: string; current: { certificate: { certificateId: string } } }[] = JSON.parse(
      list.stdout,
    ).signingPolicies
    const { users } = JSON.parse(readFileSync(join(data, 'credentials.json'), 'utf8'))
    const { code, said } = await runBlocks(documentedBlocks('docs/release-tools.md'), {
      folder,
      environment: {
        COUNTERSIGN_DATA: data,
        COUNTERSIGN_URL: service.url,
        COUNTERSIGN_TOKEN: token,
        ORGANIZATION_ID: organizationId,
        PROJECT: 'demo',
        POLICY: 'test-signing',
        PIPELINE: users.ci.userId,
        ANNA: users['approver-1'].userId,
        BERT: users['approver-2'].userId,
        CERTIFICATE: policies.find(({ slug }) => slug === 'release-signing')?.current.certificate.certificateId ?? '',
      },
    })
    expect(code, said).toBe(0)
    expect(said).toContain('"status":"Denied"')
    for (const build of ['x64', 'arm64']) await requireSigned(`release-${build}.exe`, 'release-signing')
  })
})

describe('a tested release candidate becomes the release, by tools alone,', () => {
  let world: ReleaseWorld

  beforeAll(async () => {
    world = await makeReleaseWorld({ url: service.url, data, folder })
  })

  it.each([
    ['by REST', releaseByRest],
    ['by GraphQL', releaseByGraphQL],
    ['by commands', releaseByCommands],
  ])('%s, and each of the two requests names the other', { timeout: 90_000 }, async (_, release) => {
    const { candidateId, releaseId, release: file } = await release(world, program)
    await world.requireSigned(file, world.releasePolicy)
    const shown = async (id: string) => (await world.rest('pipeline').send('GET', `/SigningRequests/${id}`)).body
    expect(await shown(candidateId)).toMatchObject({ resubmissions: [releaseId], resubmittedFrom: null })
    expect(await shown(releaseId)).toMatchObject({
      resubmissions: [],
      resubmittedFrom: candidateId,
      status: 'Completed',
      approvals: [{ approver: { name: 'Release tool' }, comment: 'tests passed', counts: true }],
    })
  })

  it('and an auditor finds the history whole', async () => {
    const ran = await countersign(['audit', 'replay', '--compare', '--json'], { COUNTERSIGN_DATA: data }).done
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(ran.stdout)).toMatchObject({ broken: null, differenceCount: 0, signatures: { faultCount: 0 } })
  })
})

const boundary = 'a4f2 17 dd'

function textPart(name: string, value: string): Buffer {
  return Buffer.from(
    `--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=${name}\r\n\r\n${value}\r\n`,
  )
}

function filePart(name: string, fileName: string, bytes: Buffer): Buffer {
  const encoded = `=?utf-8?B?${Buffer.from(fileName).toString('base64')}?=`
  const disposition = `form-data; name=${name}; filename="${encoded}"; filename*=utf-8''${encodeURIComponent(fileName)}`
  return Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Disposition: ${disposition}\r\n\r\n`),
    bytes,
    Buffer.from('\r\n'),
  ])
}

/** Sends a form as .NET's HttpClient does: it asks first, and then sends chunks. */
async function send(parts: readonly Buffer[]): Promise<string> {
  const { hostname, port } = new URL(service.url)
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  let answer = ''
  socket.on('data', (bytes) => (answer += bytes.toString('latin1')))
  const has = (text: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => (text.test(answer) ? resolve() : undefined)
      socket.on('data', look)
      socket.once('close', () => reject(new Error(`The connection ended: ${answer}`)))
      look()
    })
  const head = [
    `POST /Api/v1/${organizationId}/SigningRequests/SubmitWithArtifact HTTP/1.1`,
    `Host: ${hostname}:${port}`,
    `Authorization: Bearer ${token}`,
    `Content-Type: multipart/form-data; boundary="${boundary}"`,
    'Expect: 100-continue',
    'Transfer-Encoding: chunked',
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  await has(/^HTTP\/1\.1 100 Continue\r\n\r\n/)
  for (const part of [...parts, Buffer.from(`--${boundary}--\r\n`)]) {
    socket.write(`${part.length.toString(16)}\r\n`)
    socket.write(part)
    socket.write('\r\n')
  }
  socket.write('0\r\n\r\n')
  await has(/HTTP\/1\.1 20\d .*\}\s*$|HTTP\/1\.1 [45]/s)
  return answer
}
