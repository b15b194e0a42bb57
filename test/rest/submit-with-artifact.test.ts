import { randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { linkTrustedBuildSystem } from '../../application/trusted-build-system-links.ts'
import { createTrustedBuildSystem } from '../../application/trusted-build-systems.ts'
import type { SigningRequestId } from '../../domain/index.ts'
import { registerRest } from '../../rest/index.ts'
import { type GraphQLTestServer, openGraphQLServer } from '../support/graphql-server.ts'
import { rawConnection } from '../support/raw-connection.ts'
import { restClient } from '../support/rest-document.ts'
import { until } from '../support/until.ts'

const boundary = 'between parts'

type Part = readonly [disposition: string, text: string, ...headers: string[]]

/** A form exactly as it is written down, without a line break at its end. */
function form(...parts: readonly Part[]): string {
  const written = parts.map(
    ([disposition, text, ...headers]) =>
      `--${boundary}\r\n${[`Content-Disposition: form-data; ${disposition}`, ...headers].join('\r\n')}\r\n\r\n${text}\r\n`,
  )
  return `${written.join('')}--${boundary}--`
}

const formType = `multipart/form-data; boundary="${boundary}"`
const artifact: Part = ['name="artifact"; filename="setup.exe"', 'a program', 'Content-Type: application/octet-stream']
const project: Part = ['name="projectSlug"', 'demo']
const policy: Part = ['name="signingPolicySlug"', 'release-signing']
const branch: Part = ['name="Origin.RepositoryData.BranchName"', 'main']

const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
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

const path = (route = '/SubmitWithArtifact') => `/Api/v1/${server.organizationId}/SigningRequests${route}`

function submit(body: string, options: { token?: string; route?: string; headers?: Record<string, string> } = {}) {
  const { token = server.submitter.token, route, headers } = options
  return call('POST', path(route), { token, headers: { 'content-type': formType, ...headers }, body })
}

async function requestOf(id: string) {
  await server.caughtUp()
  const [request] = await server.readModel.signingRequestsByIds(server.organizationId, [id as SigningRequestId])
  return request
}

/** Uploads that no request names. */
function unnamedUploads(): number {
  const registry = new DatabaseSync(join(folder, 'uploads', 'uploads.db'), { timeout: 5_000 })
  const rows = registry.prepare('SELECT id FROM uploads WHERE submitted = 0').all()
  registry.close()
  return rows.length
}

async function requestsInLog(): Promise<number> {
  await server.caughtUp()
  const { items } = await server.readModel.listSigningRequests(
    server.organizationId,
    {},
    { direction: 'forward', size: 100 },
  )
  return items.length
}

describe('a submission by a form', () => {
  it.each<[string, readonly Part[]]>([
    ['the artifact last', [project, policy, artifact]],
    ['the artifact first', [artifact, policy, project]],
    [
      'names unquoted and in PascalCase, with types',
      [
        ['name=ProjectSlug', 'demo', 'Content-Type: text/plain; charset=utf-8'],
        ['name=Artifact; filename=setup.exe', 'a program'],
        ['name=SigningPolicySlug', 'release-signing', 'Content-Type: text/plain; charset=utf-8'],
      ],
    ],
    [
      'the length in each part',
      [
        [...artifact, 'Content-Length: 9'],
        [...project, 'Content-Length: 4'],
        [...policy, 'Content-Length: 15'],
      ],
    ],
    [
      'the name of the file twice, of which the whole one counts',
      [['name=Artifact; filename="=?utf-8?B?eC5leGU=?="; filename*=utf-8\'\'setup.exe', 'a program'], project, policy],
    ],
    [
      'the name of the file as an encoded word',
      [['name=a; filename="=?utf-8?B?c2V0dXAuZXhl?="'.replace('=a;', '=artifact;'), 'a program'], project, policy],
    ],
    [
      'fields that are empty',
      [project, policy, artifact, ['name=ArtifactConfigurationSlug', ''], ['name=description', '']],
    ],
  ])('is taken with %s', async (_, parts) => {
    const { status, body, headers } = await submit(form(...parts))
    expect([status, body]).toEqual([201, expect.anything()])
    const { signingRequestId } = body
    const link = `https://signing.example.com/Api/v1/${server.organizationId}/SigningRequests/${signingRequestId}`
    expect(headers.get('location')).toBe(link)
    const webLink = `https://signing.example.com/signing-requests/${signingRequestId}`
    expect(body).toEqual({ signingRequestId, webLink, signingRequestUrl: link })
    const request = await requestOf(signingRequestId)
    expect([request?.source.fileName, request?.source.size]).toEqual(['setup.exe', 9])
    expect(unnamedUploads()).toBe(0)
  })

  it('is taken on the older path, with ids, in any case of the path', async () => {
    const parts = [['name=signingPolicyId', server.releasePolicyId], artifact] as const
    const { status, body } = await submit(form(...parts), { route: '' })
    expect(status).toBe(201)
    expect((await requestOf(body.signingRequestId))?.projectId).toBe(server.projectId)
    const lower = await fetch(`${server.url}${path().toLowerCase().replace('/api/', '/API/')}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.submitter.token}`, 'content-type': formType },
      body: form(project, policy, artifact),
    })
    expect(lower.status).toBe(201)
  })

  it('is taken chunked, from a client that asks first', async () => {
    const { port } = new URL(server.url)
    const head = [
      `POST ${path()} HTTP/1.1`,
      'Host: x',
      `Authorization: Bearer ${server.submitter.token}`,
      `Content-Type: ${formType}`,
      'Transfer-Encoding: chunked',
      'Expect: 100-continue',
    ]
    const connection = await rawConnection(Number(port), `${head.join('\r\n')}\r\n\r\n`)
    await until('the body is asked for', () => connection.answer().includes('100 Continue'))
    const body = Buffer.from(form(artifact, project, policy))
    for (const chunk of [body.subarray(0, 50), body.subarray(50)])
      connection.socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`)
    connection.socket.write('0\r\n\r\n')
    await until('the answer', () => connection.answer().includes('201 Created'))
  })

  it('is refused before its body is sent when nothing of it can be taken', async () => {
    const { port } = new URL(server.url)
    for (const [headers, status] of [
      [['Content-Length: 9'], '401'],
      [[`Authorization: Bearer ${server.submitter.token}`, 'Content-Length: 99000000'], '413'],
      [[`Authorization: Bearer ${server.auditor.token}`, 'Content-Length: 9'], '403'],
    ] as const) {
      const head = [
        `POST ${path()} HTTP/1.1`,
        'Host: x',
        `Content-Type: ${formType}`,
        'Expect: 100-continue',
        ...headers,
      ]
      const connection = await rawConnection(Number(port), `${head.join('\r\n')}\r\n\r\n`)
      await until('the answer', () => connection.answer().includes(`HTTP/1.1 ${status}`))
      expect(connection.answer()).not.toContain('100 Continue')
    }
  })

  it('sent again by the same Idempotency-Key makes no second request', async () => {
    const headers = { 'idempotency-key': randomUUID() }
    const first = await submit(form(project, policy, artifact), { headers })
    const again = await submit(form(artifact, policy, project), { headers })
    expect([again.status, again.body]).toEqual([201, first.body])
    const other = await submit(form(project, policy, ['name=artifact; filename=setup.exe', 'another']), { headers })
    expect([other.status, other.body.code]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED'])
    expect(unnamedUploads()).toBe(0)
  })

  it.each<[string, readonly Part[], string, string]>([
    ['without its artifact', [project, policy], 'INPUT_MALFORMED', 'artifact'],
    ['with a text for its artifact', [project, policy, ['name=artifact', 'a program']], 'INPUT_MALFORMED', 'artifact'],
    ['with a field twice', [project, policy, artifact, ['name=ProjectSlug', 'demo']], 'INPUT_MALFORMED', 'projectSlug'],
    ['with two artifacts', [project, policy, artifact, artifact], 'INPUT_MALFORMED', 'artifact'],
    [
      'with a file that nothing takes',
      [artifact, project, policy, ['name=x; filename=y', 'z']],
      'INPUT_MALFORMED',
      'x',
    ],
    [
      'with a file for a text',
      [artifact, policy, ['name=projectSlug; filename=y', 'demo']],
      'INPUT_MALFORMED',
      'projectSlug',
    ],
    [
      'with a field that is not known',
      [artifact, project, policy, ['name=Discription', 'x']],
      'INPUT_MALFORMED',
      'Discription',
    ],
    ['without a policy', [artifact, project], 'INPUT_MALFORMED', 'signingPolicySlug'],
    ['for a project that is not there', [artifact, policy, ['name=projectSlug', 'nothing']], 'PROJECT_NOT_FOUND', ''],
    [
      'with an artifact configuration',
      [artifact, project, policy, ['name=artifactConfigurationSlug', 'x']],
      'ARTIFACT_CONFIGURATION_NOT_FOUND',
      '',
    ],
    ['with a parameter', [artifact, project, policy, ['name="Parameters[version]"', '1']], 'PARAMETER_UNKNOWN', ''],
    ['with an origin that nobody vouches for', [artifact, project, policy, branch], 'ORIGIN_NOT_VOUCHED', ''],
    ['of an artifact without bytes', [['name=artifact; filename=setup.exe', ''], project, policy], 'UPLOAD_EMPTY', ''],
    [
      'of an artifact without a name',
      [['name=artifact; filename=""', 'x'], project, policy],
      'FILE_NAME_MALFORMED',
      '',
    ],
  ])('%s is refused, and leaves nothing', async (_, parts, code, field) => {
    const before = await requestsInLog()
    const { status, body } = await submit(form(...parts))
    expect([status, body.code]).toEqual([code.endsWith('_NOT_FOUND') ? 404 : 400, code])
    if (field !== '') expect(Object.keys(body.errors)).toContain(field)
    expect([await requestsInLog(), unnamedUploads()]).toEqual([before, 0])
  })

  const jsonPart = (name: string, text: string): Part => [`name=${name}`, text, 'Content-Type: application/json']

  it.each([
    [
      'nested without end',
      [jsonPart('parameters', `${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
      400,
      'REQUEST_MALFORMED',
    ],
    [
      'that names a field twice',
      [jsonPart('origin', '{"buildData":{"url":"https://a.example/","url":"https://b.example/"}}')],
      400,
      'INPUT_MALFORMED',
    ],
    ['that is none', [jsonPart('description', 'text')], 400, 'REQUEST_MALFORMED'],
    [
      'of more than 1 MiB together',
      ['a', 'b'].map((name) => jsonPart(`parameters.${name}`, JSON.stringify({ x: 'x'.repeat(600 * 1024) }))),
      413,
      'REQUEST_TOO_LARGE',
    ],
    ['in the place of the file', [jsonPart('artifact', '{}')], 400, 'INPUT_MALFORMED'],
  ] as const)('with a field that is JSON %s is refused, as a JSON body is', async (_, parts, status, code) => {
    const answer = await submit(form(project, policy, ...parts, artifact))
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect(unnamedUploads()).toBe(0)
  })

  it('may have fields that are JSON', async () => {
    const { status, body } = await submit(form(project, policy, jsonPart('description', '"A release"'), artifact))
    expect(status).toBe(201)
    expect((await requestOf(body.signingRequestId))?.description).toBe('A release')
  })

  it('that ends in the middle leaves nothing', async () => {
    const before = await requestsInLog()
    for (const cut of [form(project, policy, artifact).slice(0, -20), form(artifact, project, policy).slice(0, -30)]) {
      const { status, body } = await submit(cut)
      expect([status, body.code]).toEqual([400, expect.stringMatching(/^(?:MULTIPART_MALFORMED|UPLOAD_INCOMPLETE)$/)])
    }
    const { port } = new URL(server.url)
    const head = `POST ${path()} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${server.submitter.token}\r\nContent-Type: ${formType}\r\nContent-Length: 5000\r\n\r\n`
    const connection = await rawConnection(Number(port), head + form(artifact, project).slice(0, -20))
    await until('the artifact is in', () => unnamedUploads() === 1)
    connection.socket.destroy()
    await until('it is given up', () => unnamedUploads() === 0)
    expect(await requestsInLog()).toBe(before)
  })
})

describe('the origin of a submission', () => {
  const origin: readonly Part[] = [
    ['name="Origin.RepositoryData.Url"', 'https://example.com/program.git'],
    branch,
    ['name="origin[repositoryData][commitId]"', '0f3c'],
    ['name="origin.repositoryData.sourceControlManagementType"', 'git'],
    ['name="origin.buildData.url"', 'https://ci.example.com/builds/1'],
    ['name="origin.buildData.buildSettingsFile"; filename="C:\\\\agent\\\\build.yml"', 'steps: []'],
  ]

  it('is kept as a trusted build system says it, with the file that said how to build', async () => {
    const { status, body } = await submit(form(...origin, artifact, project, policy), { token: vouched })
    expect([status, body]).toEqual([201, expect.anything()])
    const request = await requestOf(body.signingRequestId)
    expect(request?.claimedOrigin).toMatchObject({
      repositoryData: {
        url: 'https://example.com/program.git',
        branchName: 'main',
        commitId: '0f3c',
        sourceControlManagementType: 'git',
      },
      buildData: { url: 'https://ci.example.com/builds/1', buildSettingsFile: { fileName: 'build.yml', size: 9 } },
    })
    expect(unnamedUploads()).toBe(0)
    const file = await call('GET', `${path(`/${body.signingRequestId}/BuildSettingsFile`)}`, { token: vouched })
    expect([file.status, file.body, file.headers.get('content-disposition')]).toEqual([
      200,
      'steps: []',
      'attachment; filename=build.yml',
    ])
  })

  it('is no file where there was none', async () => {
    const { body } = await submit(form(artifact, project, policy))
    const file = await call('GET', `${path(`/${body.signingRequestId}/BuildSettingsFile`)}`, {
      token: server.submitter.token,
    })
    expect([file.status, file.body.code]).toEqual([404, 'BUILD_SETTINGS_FILE_NOT_FOUND'])
  })

  it('with a password in an address is refused, and the password repeated nowhere', async () => {
    for (const url of [
      'https://ci:hunter2@example.com/x.git',
      'ssh://git:hunter2@example.com/x',
      'https://hunter2@example.com',
      'https:/ci:hunter2@example.com/x.git',
      'https:ci:hunter2@example.com/x.git',
    ]) {
      const { status, body } = await submit(form(['name=origin.repositoryData.url', url], artifact, project, policy), {
        token: vouched,
      })
      expect([status, body.code, body.details]).toEqual([
        400,
        'ORIGIN_URL_MALFORMED',
        { field: 'origin.repositoryData.url' },
      ])
      expect(JSON.stringify(body)).not.toContain('hunter2')
    }
    const ssh = await submit(
      form(['name=origin.repositoryData.url', 'git@example.com:x.git'], artifact, project, policy),
      { token: vouched },
    )
    expect(ssh.status).toBe(201)
  })
})
