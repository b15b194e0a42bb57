import { createHash } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { linkTrustedBuildSystem } from '../../application/trusted-build-system-links.ts'
import { createTrustedBuildSystem } from '../../application/trusted-build-systems.ts'
import type { SigningRequestId } from '../../domain/index.ts'
import { registerRest } from '../../rest/index.ts'
import { askGraphQL } from '../support/ask-graphql.ts'
import { type GraphQLTestServer, openGraphQLServer } from '../support/graphql-server.ts'
import { restClient } from '../support/rest-document.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
const canary = 'canary-4711'
const bytes = 'a program that comes later'
const sha256 = createHash('sha256').update(bytes).digest('hex')
const json = { 'content-type': 'application/json' }
const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' }
const target = { projectSlug: 'demo', signingPolicySlug: 'release-signing' }
let server: GraphQLTestServer & { readonly close: () => Promise<void> }
let call: ReturnType<typeof restClient>
let vouched: string

beforeAll(async () => {
  server = await openGraphQLServer(folder, { register: (http, _application, rest) => registerRest(http, rest) })
  call = restClient(server)
  const { dependencies, setup, projectId } = server
  const system = { slug: 'ci', name: 'CI', description: null, kind: 'custom' } as const
  const { trustedBuildSystemId, token } = await createTrustedBuildSystem(dependencies, setup, system)
  await linkTrustedBuildSystem(dependencies, setup, { trustedBuildSystemId, projectId })
  vouched = `${server.submitter.token}:${token}`
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

const path = (route: string) => `/Api/v1/${server.organizationId}/SigningRequests${route}`

function post(route: string, body: string, headers: Record<string, string> = json, token = server.submitter.token) {
  return call('POST', path(route), { token, headers, body })
}

async function requestOf(id: string) {
  await server.caughtUp()
  const [request] = await server.readModel.signingRequestsByIds(server.organizationId, [id as SigningRequestId])
  return request
}

describe('a submission by a link', () => {
  const link = '/SubmitWithArtifactRetrievalLink'
  const retrieval = { url: `http://127.0.0.1:1/setup.exe?signature=${canary}`, fileName: 'setup.exe' }

  it.each([
    [
      'JSON with headers by name',
      json,
      JSON.stringify({
        ...target,
        artifactRetrievalLink: { ...retrieval, sha256Hash: sha256.toUpperCase(), httpHeaders: { 'X-Token': canary } },
        cancellationTimeoutInSeconds: 600,
      }),
    ],
    [
      'a form with numbered headers',
      urlencoded,
      new URLSearchParams({
        ProjectSlug: 'demo',
        SigningPolicySlug: 'release-signing',
        'ArtifactRetrievalLink.Url': retrieval.url,
        'ArtifactRetrievalLink.FileName': 'setup.exe',
        'ArtifactRetrievalLink.Sha256Hash': sha256,
        'ArtifactRetrievalLink.HttpHeaders[0].Key': 'X-Token',
        'ArtifactRetrievalLink.HttpHeaders[0].Value': canary,
        CancellationTimeoutInSeconds: '600',
      }).toString(),
    ],
    [
      'a form with named headers',
      urlencoded,
      new URLSearchParams({
        projectSlug: 'demo',
        signingPolicySlug: 'release-signing',
        'artifactRetrievalLink[url]': retrieval.url,
        'artifactRetrievalLink[fileName]': 'setup.exe',
        'artifactRetrievalLink[sha256Hash]': sha256,
        'artifactRetrievalLink[httpHeaders][X-Token]': canary,
        cancellationTimeoutInSeconds: '600',
      }).toString(),
    ],
  ])('is taken as %s', async (_, headers, body) => {
    const { status, body: answer } = await post(link, body, headers)
    expect([status, answer]).toMatchObject([201, { signingRequestId: expect.any(String) }])
    expect(JSON.stringify(answer)).not.toContain(canary)
    const request = await requestOf(answer.signingRequestId)
    expect(request?.source).toMatchObject({
      kind: 'link',
      fileName: 'setup.exe',
      sha256,
      secretsId: expect.any(String),
      details: { url: 'http://127.0.0.1:1/setup.exe', headerNames: ['X-Token'] },
    })
    expect(request?.cancelAt).toEqual(expect.any(String))
    expect(JSON.stringify(request)).not.toContain(canary)
  })

  it.each([
    ['JSON', json, JSON.stringify({ ...target, artifactRetrievalLink: retrieval })],
    [
      'a form in one line',
      urlencoded,
      new URLSearchParams({ ...target, 'artifactRetrievalLink.url': retrieval.url }).toString(),
    ],
    ['no body', json, ''],
  ])('is refused as %s when another body was announced than came', async (_, headers, body) => {
    const digest = createHash('sha256').update('another body').digest('base64')
    const { status, body: answer } = await post(link, body, { ...headers, 'content-digest': `sha-256=:${digest}:` })
    expect([status, answer.code]).toEqual([400, 'ARTIFACT_MISMATCH'])
  })

  it('is taken when the announced body came, and when nothing that can be read was announced', async () => {
    const body = JSON.stringify({ ...target, artifactRetrievalLink: retrieval })
    const digest = createHash('sha256').update(body).digest('base64')
    for (const announced of [`sha-256=:${digest}:`, 'sha-512=:AAAA:', 'sha-256=:abc:'])
      expect((await post(link, body, { ...json, 'content-digest': announced })).status).toBe(201)
  })

  it.each([
    ['an address that may not be called', { url: `http://10.0.0.1/?${canary}` }, 'OUTGOING_ADDRESS_REFUSED'],
    ['user and password', { url: `http://user:${canary}@127.0.0.1/` }, 'OUTGOING_URL_INVALID'],
    ['a header that is ours', { httpHeaders: { Host: canary } }, 'OUTGOING_HEADER_INVALID'],
    [
      'a header twice',
      {
        httpHeaders: [
          { key: 'a', value: canary },
          { key: 'a', value: canary },
        ],
      },
      'INPUT_MALFORMED',
    ],
    ['a header without a name', { httpHeaders: [{ value: canary }] }, 'INPUT_MALFORMED'],
    ['no file name', { fileName: undefined }, 'INPUT_MALFORMED'],
    ['a digest that is none', { sha256Hash: 'abc' }, 'DIGEST_MALFORMED'],
  ])('is refused with %s, and shows nothing secret', async (_, more, code) => {
    const body = JSON.stringify({ ...target, artifactRetrievalLink: { ...retrieval, ...more } })
    const answer = await post(link, body)
    expect(answer).toMatchObject({ status: 400, body: { code } })
    expect(JSON.stringify(answer.body)).not.toContain(canary)
  })

  it('is refused with a time that is none', async () => {
    const body = JSON.stringify({ ...target, artifactRetrievalLink: retrieval, cancellationTimeoutInSeconds: 0 })
    expect(await post(link, body)).toMatchObject({ status: 400, body: { code: 'CANCELLATION_TIMEOUT_INVALID' } })
  })

  it('finds its request again by its key, whatever its secrets are then', async () => {
    const send = (query: string) =>
      post(
        link,
        JSON.stringify({ ...target, artifactRetrievalLink: { ...retrieval, url: `http://127.0.0.1:1/a?${query}` } }),
        {
          ...json,
          'idempotency-key': 'the-same',
        },
      )
    const [first, again] = [await send('x=1'), await send('x=2')]
    expect([first.status, again.status]).toEqual([201, 201])
    expect(again.body.signingRequestId).toBe(first.body.signingRequestId)
  })
})

describe('a submission without its artifact', () => {
  async function announce(token = server.submitter.token) {
    const metadata = { fileName: 'setup.exe', sha256Hash: sha256 }
    const body = JSON.stringify({ ...target, unsignedArtifactMetadata: metadata })
    const answer = await post('/SubmitWithoutArtifact', body, json, token)
    expect(answer).toMatchObject({ status: 201 })
    return answer.body as { readonly signingRequestId: string; readonly uploadLink: string }
  }
  const octets = { 'content-type': 'application/octet-stream' }
  const boundary = 'between'
  const form = `--${boundary}\r\nContent-Disposition: form-data; name=file; filename=other.exe\r\n\r\n${bytes}\r\n--${boundary}--`
  const formType = { 'content-type': `multipart/form-data; boundary=${boundary}` }

  it('answers where the artifact is to be sent', async () => {
    const { signingRequestId, uploadLink } = await announce()
    expect(new URL(uploadLink).pathname).toBe(path(`/${signingRequestId}/UnsignedArtifact`))
    const request = await requestOf(signingRequestId)
    expect(request?.source).toMatchObject({ kind: 'announcedUpload', fileName: 'setup.exe', sha256, size: null })
  })

  it.each([
    ['UnsignedArtifact', octets, bytes],
    ['UploadUnsignedArtifact', octets, bytes],
    ['UnsignedArtifact', formType, form],
    ['uploadunsignedartifact', formType, form],
  ])(
    'takes it at %s, raw and in a form, with the token alone and with that of a build system',
    async (part, headers, body) => {
      for (const token of [server.submitter.token, vouched]) {
        const { signingRequestId } = await announce(vouched)
        // The document names one path of each operation, so this is asked past it.
        const answer = await fetch(`${server.url}${path(`/${signingRequestId}/${part}`)}`, {
          method: 'POST',
          headers: { ...headers, authorization: `Bearer ${token}` },
          body,
        })
        expect([answer.status, await answer.json()]).toEqual([
          202,
          { signingRequestId, fileName: 'setup.exe', sha256, size: bytes.length },
        ])
      }
    },
  )

  it('refuses other bytes, and requests that wait for none', async () => {
    const { signingRequestId } = await announce()
    const send = (body: string, to = signingRequestId, token?: string) =>
      post(`/${to}/UnsignedArtifact`, body, octets, token)
    expect(await send('another program')).toMatchObject({ status: 400, body: { code: 'ARTIFACT_MISMATCH' } })
    expect(await send('')).toMatchObject({ status: 400, body: { code: 'UPLOAD_EMPTY' } })
    const submitted = await server.submit()
    expect(await send(bytes, submitted)).toMatchObject({ status: 409, body: { code: 'UPLOAD_NOT_AWAITED' } })
    expect(await send(bytes, signingRequestId, server.approvers[0].token)).toMatchObject({ status: 403 })
    expect(await send(bytes)).toMatchObject({ status: 202 })
  })
})

describe('the same by GraphQL', () => {
  const submit = `mutation ($input: SubmitSigningRequestInput!) { submitSigningRequest(input: $input) {
    signingRequest { cancelAt uploadLink source { kind details { name value } } } } }`
  const names = { project: 'demo', signingPolicy: 'release-signing' }
  const ask = (input: object) => askGraphQL(server.url, server.submitter.token, submit, { input })

  it('submits by a link, and announces an upload', async () => {
    const headers = [{ name: 'X-Token', value: canary }]
    const link = { url: `http://127.0.0.1:1/setup.exe?${canary}`, fileName: 'setup.exe', headers }
    const byLink = await ask({ ...names, link, cancelAfterSeconds: 60 })
    expect(byLink).toMatchObject({
      data: {
        submitSigningRequest: {
          signingRequest: {
            cancelAt: expect.any(String),
            uploadLink: null,
            source: {
              kind: 'link',
              details: [
                { name: 'link', value: 'http://127.0.0.1:1/setup.exe' },
                { name: 'headers', value: 'X-Token' },
              ],
            },
          },
        },
      },
    })
    expect(JSON.stringify(byLink)).not.toContain(canary)
    expect(await ask({ ...names, announcedUpload: { fileName: 'setup.exe', sha256 } })).toMatchObject({
      data: {
        submitSigningRequest: {
          signingRequest: { cancelAt: null, uploadLink: expect.stringContaining('/UnsignedArtifact') },
        },
      },
    })
  })

  it('refuses none and several of them', async () => {
    const announcedUpload = { fileName: 'setup.exe', sha256 }
    for (const input of [names, { ...names, uploadId: 'x', announcedUpload }])
      expect(await ask(input)).toMatchObject({ errors: [{ extensions: { code: 'ARGUMENTS_AMBIGUOUS' } }] })
  })
})
