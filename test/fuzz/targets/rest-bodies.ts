import { randomUUID } from 'node:crypto'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { faultOfText, fuzzService, type ServiceUnderFuzz, type Tried } from '../service-under-fuzz.ts'
import type { FuzzTarget } from '../target.ts'

/**
 * Bodies of REST operations, multipart, urlencoded and JSON, mutated in their parts and as bytes, in requests that are sound
 * otherwise: each is answered with a 2xx or a coded 4xx, nothing is logged as a fault, and the service answers on.
 */
export const target: FuzzTarget = {
  name: 'rest-bodies',
  shortCount: 150,
  run: (request) => fuzzService(request, tryBody),
}

async function tryBody(service: ServiceUnderFuzz, random: SeededRandom): Promise<Tried> {
  const { path, token, type, body: made } = random.oneOf(bodies)(service, random)
  const body = random.below(3) === 0 ? mutateBytes(made, random) : made
  const response = await fetch(`${service.server.url}/Api/v1/${service.server.organizationId}/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': type },
    body: new Uint8Array(body),
  })
  const text = await response.text()
  const { status } = response
  const code = /"code":"([A-Z0-9_]+)"/.exec(text)?.[1]
  const isSound = status < 300 || (status >= 400 && status < 500 && code !== undefined)
  const fault = isSound ? faultOfText(text) : `the answer ${status}: ${text.slice(0, 2_000)}`
  const input = Buffer.concat([Buffer.from(`${path}\n${type}\n\n`), body])
  return { outcome: [status, code].filter((part) => part !== undefined).join(' '), input, ...(fault && { fault }) }
}

type Made = { readonly path: string; readonly token: string; readonly type: string; readonly body: Buffer }

const bodies: readonly ((service: ServiceUnderFuzz, random: SeededRandom) => Made)[] = [
  ({ server: { submitter } }, random) => ({ path: submissionPath(random), token: submitter.token, ...form(random) }),
  ({ server: { submitter } }, random) => ({ path: submissionPath(random), token: submitter.token, ...form(random) }),
  ({ server: { administrator } }, random) => ({
    path: 'Projects',
    token: administrator.token,
    ...written(random, { slug: `p-${randomUUID()}`, name: 'Another', readers: [{ user: randomUUID() }] }),
  }),
  ({ server }, random) => ({
    path: 'SigningPolicies',
    token: server.administrator.token,
    ...written(random, {
      projectId: server.projectId,
      slug: `p-${randomUUID()}`,
      settings: { name: 'x', certificateId: server.certificateId, submitters: [], existingSignatures: ['replace'] },
    }),
  }),
]

function submissionPath(random: SeededRandom): string {
  return random.oneOf(['SigningRequests/SubmitWithArtifact', 'SigningRequests'])
}

const names = [
  'projectSlug',
  'ProjectSlug',
  'signingPolicySlug',
  'artifact',
  'description',
  'parameters.x',
  'Parameters[x]',
  'origin.repositoryData.url',
  'origin[buildData][buildSettingsFile]',
  '__proto__',
  'constructor.prototype.x',
  'a[0]',
  'a[999999999]',
  'a..b',
  '',
]
const values = [
  'demo',
  'release-signing',
  'test-signing',
  '',
  '\u0000',
  'x'.repeat(70_000),
  '{"a":1}',
  '\ud83d\ude00',
  '%',
  '-1',
]
const partHeaders = [
  'Content-Type: text/plain; charset=utf-8',
  'Content-Type: application/json',
  'Content-Type: application/octet-stream',
  'Content-Type: \t;;',
  'Content-Length: 99999',
  'Content-Transfer-Encoding: base64',
  'X: '.padEnd(20_000, 'x'),
  ': x',
]

/** A form that is right, and then wrong in a few places. */
function form(random: SeededRandom): { type: string; body: Buffer } {
  const boundary = random.oneOf(['b', 'between parts', '-'.repeat(60)])
  const parts = [
    part('name="artifact"; filename="setup.exe"', 'a program'),
    part('name=projectSlug', 'demo'),
    part('name="SigningPolicySlug"', random.oneOf(['release-signing', 'test-signing'])),
  ]
  for (let times = random.below(4); times > 0; times--) {
    const at = random.below(parts.length + 1)
    const name = random.oneOf(names)
    const file =
      random.below(3) === 0 ? `; filename=${random.oneOf(['"x"', '""', 'x', '"=?utf-8?B?eA==?="', '"a/b"'])}` : ''
    const more = random.below(2) === 0 ? [random.oneOf(partHeaders)] : []
    parts.splice(at, random.below(2), part(`name="${name}"${file}`, random.oneOf(values), ...more))
  }
  const end = random.oneOf(['--', '--', '--', '--\r\n', '', '-'])
  const text = `${parts.map((each) => `--${boundary}\r\n${each}\r\n`).join('')}--${boundary}${end}`
  return { type: `multipart/form-data; boundary="${boundary}"`, body: Buffer.from(text) }
}

function part(disposition: string, text: string, ...headers: readonly string[]): string {
  return `${[`Content-Disposition: form-data; ${disposition}`, ...headers].join('\r\n')}\r\n\r\n${text}`
}

/** A document as JSON or as a form without files, with a few values and names exchanged. */
function written(random: SeededRandom, document: Readonly<Record<string, unknown>>): { type: string; body: Buffer } {
  const fields: Record<string, unknown> = { ...document }
  const odd = [null, 1e308, -0, true, [], [[]], {}, { a: { b: [1] } }, '', 'x'.repeat(10_000), '\u202e', [null]]
  for (let times = random.below(4); times > 0; times--)
    fields[random.below(2) === 0 ? random.oneOf(Object.keys(document)) : random.oneOf(names)] = random.oneOf(odd)
  const text = JSON.stringify(fields)
  if (random.below(4) === 0) {
    const pairs = Object.entries(fields).map(([name, value]) => [name, String(value)])
    return { type: 'application/x-www-form-urlencoded', body: Buffer.from(String(new URLSearchParams(pairs))) }
  }
  const deep = random.below(30) === 0 ? `{"a":${'['.repeat(50_000)}` : text
  const twice = random.below(10) === 0 ? deep.replace('{', '{"slug":"x","Slug":"y",') : deep
  return {
    type: random.oneOf(['application/json', 'application/json; charset=utf-8', 'application/vnd.x+json']),
    body: Buffer.from(twice),
  }
}
