import { issueApiToken } from '../../application/api-tokens.ts'
import type { GraphQLTestServer } from './graphql-server.ts'
import type { answerChecker } from './rest-document.ts'

/** A call that is refused, and what it shows. */
export type RefusedCall = {
  readonly method: string
  /** Below `/Api/v1/{organizationId}` unless it begins with a slash. */
  readonly path: string
  /** Default: the submitter's. */
  readonly as?: 'administrator' | 'submitter' | 'auditor' | 'nobody' | 'stranger' | 'limited'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** What is called before, whatever it answers. */
  readonly after?: RefusedCall
}

const json = (value: unknown) => ({
  headers: { 'content-type': 'application/json' },
  body: typeof value === 'string' ? value : JSON.stringify(value),
})

/** A form of text fields, and of files where a value says its name. */
function form(fields: Readonly<Record<string, string | readonly [fileName: string, text: string]>>) {
  const parts = Object.entries(fields).map(([name, value]) => {
    const [file, text] = typeof value === 'string' ? ['', value] : [`; filename="${value[0]}"`, value[1]]
    return `--b\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n${text}\r\n`
  })
  return { headers: { 'content-type': 'multipart/form-data; boundary=b' }, body: `${parts.join('')}--b--` }
}

const id = '11111111-1111-4111-8111-111111111111'
const artifact = ['setup.exe', 'a program'] as const
const right = { artifact, projectSlug: 'demo', signingPolicySlug: 'release-signing' }
const submit = { method: 'POST', path: 'SigningRequests/SubmitWithArtifact' } as const
const signHash = { method: 'POST', path: 'SigningRequests/SignHash' } as const
const hash = {
  projectSlug: 'demo',
  signingPolicySlug: 'release-signing',
  signatureAlgorithm: 'Ecdsa',
  base64EncodedHash: Buffer.alloc(32, 7).toString('base64'),
}
const md5 = { signatureAlgorithm: 'RsaPkcs1', rsaHashAlgorithm: '1.2.840.113549.2.5' }
const rename = (name: string): RefusedCall => ({
  method: 'PUT',
  path: 'Projects/{projectId}',
  as: 'administrator',
  ...json({ basedOnRevision: 0, name }),
})
const keyed = (name: string): RefusedCall => ({
  method: 'POST',
  path: 'Groups',
  as: 'administrator',
  body: JSON.stringify({ name }),
  headers: { 'content-type': 'application/json', 'idempotency-key': 'one key' },
})
/** Reading something by an id that nothing has. */
function absent(what: string, path: string): Readonly<Record<string, RefusedCall>> {
  return { [`${what} that is not there`]: { method: 'GET', path: `${path}/${id}` } }
}
const newWebHook = { method: 'POST', path: 'WebHooks', as: 'administrator' } as const
const sha256OfNothing = 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:'
const upload = {
  method: 'POST',
  path: '/uploads?fileName=setup.exe',
  headers: { 'content-type': 'application/octet-stream' } as Readonly<Record<string, string>>,
  body: 'a program',
} as const
const newProject = { method: 'POST', path: 'Projects', as: 'administrator' } as const

/** One call for each way in which REST refuses; the key says what is wrong. */
export const refusedCalls: Readonly<Record<string, RefusedCall>> = {
  'no token': { method: 'GET', path: 'Projects', as: 'nobody' },
  'a token that is not known': { method: 'GET', path: 'Projects', as: 'stranger' },
  'a token with an unknown build system': {
    method: 'GET',
    path: 'Projects',
    headers: { authorization: 'with an unknown build system' },
  },
  'an identity token that no link takes': {
    method: 'GET',
    path: 'Projects',
    headers: { authorization: 'Bearer e30.e30.e30' },
  },
  'another organization': { method: 'GET', path: `/Api/v1/${id}/Projects` },
  'an address that is not encoded': { method: 'GET', path: 'Projects/%ff' },
  'no permission to change': { ...newProject, as: 'auditor', ...json({ slug: 'x', name: 'X' }) },
  'no permission to read': { method: 'GET', path: 'AuditEvents' },
  'no permission to submit': { ...submit, as: 'auditor', ...form(right) },
  'a project that is not there': { method: 'GET', path: `Projects/${id}` },
  'an id that is none': { method: 'GET', path: 'Projects/demo' },
  'a field that is missing': { ...newProject, ...json({ slug: 'x' }) },
  'a field that is not known': { ...newProject, ...json({ slug: 'x', name: 'X', nmae: 'X' }) },
  'a field in two spellings': { ...newProject, ...json('{"slug":"x","name":"X","Name":"Y"}') },
  'a field twice': { ...newProject, ...json('{"slug":"x","name":"X","name":"Y"}') },
  'a field of another form': { ...newProject, ...json({ slug: 'x', name: 7 }) },
  'a slug that is none': { ...newProject, ...json({ slug: 'a b', name: 'X' }) },
  'a slug that is taken': { ...newProject, ...json({ slug: 'demo', name: 'X' }) },
  'a body that is no JSON': { ...newProject, ...json('{') },
  'a body that is a list': { ...newProject, ...json('[]') },
  'a body in another type': { ...newProject, headers: { 'content-type': 'text/csv' }, body: 'a,b' },
  'a body that is packed': {
    ...newProject,
    ...json({}),
    headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
  },
  'a body that is too long': { ...newProject, ...json({ slug: 'x', name: 'x'.repeat(2 ** 21) }) },
  'a revision that is old': {
    method: 'PUT',
    path: 'Projects/{projectId}',
    as: 'administrator',
    ...json({ basedOnRevision: -1, name: 'X' }),
  },
  'a page that is too large': { method: 'GET', path: 'Projects?first=1000' },
  'a cursor that is none': { method: 'GET', path: 'Projects?after=x' },
  'a query that is not known': { method: 'GET', path: 'Projects?name=x' },
  'an idempotency key that is too long': {
    ...newProject,
    ...json({ slug: 'x', name: 'X' }),
    headers: { 'content-type': 'application/json', 'idempotency-key': 'x'.repeat(200) },
  },
  'a submission without its artifact': {
    ...submit,
    ...form({ projectSlug: 'demo', signingPolicySlug: 'release-signing' }),
  },
  'a submission without its policy': { ...submit, ...form({ artifact, projectSlug: 'demo' }) },
  'a submission as JSON': { ...submit, ...json({ projectSlug: 'demo' }) },
  'a submission to a project that is not there': { ...submit, ...form({ ...right, projectSlug: 'nothing' }) },
  'a submission to a policy that is not there': { ...submit, ...form({ ...right, signingPolicySlug: 'nothing' }) },
  'a submission with an artifact configuration': { ...submit, ...form({ ...right, artifactConfigurationSlug: 'x' }) },
  'a submission with a parameter': { ...submit, ...form({ ...right, 'parameters.version': '1' }) },
  'a submission with an origin': { ...submit, ...form({ ...right, 'origin.repositoryData.branchName': 'main' }) },
  'a submission of a file without bytes': { ...submit, ...form({ ...right, artifact: ['setup.exe', ''] }) },
  'a submission of a file with a name that hides something': {
    ...submit,
    ...form({ ...right, artifact: ['setup\u202eexe.txt', 'x'] }),
  },
  'a submission of a file that is too large': {
    ...submit,
    ...form({ ...right, artifact: ['setup.exe', 'x'.repeat(1_000_001)] }),
  },
  'a form that ends early': {
    ...submit,
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
    body: '--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n',
  },
  'a token that is limited to reading': { ...newProject, as: 'limited', ...json({ slug: 'x', name: 'X' }) },
  'a change based on what is no longer so': { ...rename('Z'), after: rename('Y') },
  'an idempotency key that was used for something else': { ...keyed('Others'), after: keyed('Ones') },
  'a number that no double is': { ...newProject, ...json('{"slug":"x","name":1e400}') },
  ...absent('a signing policy', 'SigningPolicies'),
  ...absent('a certificate', 'Certificates'),
  ...absent('a key', 'Keys'),
  ...absent('a user', 'Users'),
  ...absent('a group', 'Groups'),
  ...absent('a trusted build system', 'TrustedBuildSystems'),
  ...absent('a web hook', 'WebHooks'),
  ...absent('a grant', 'Grants'),
  ...absent('a proposed change', 'ChangeProposals'),
  'a simulation by a version and by settings': {
    method: 'POST',
    path: 'SigningPolicies/{signingPolicyId}/Simulate',
    ...json({ atVersion: 1, proposed: { name: 'X', certificateId: id, submitters: [] } }),
  },
  'a certificate for two keys': {
    method: 'POST',
    path: 'Certificates/Request',
    as: 'administrator',
    ...json({ name: 'X', subject: { commonName: 'X' }, key: { keyId: id, algorithm: 'ec-p256' } }),
  },
  'a submission that is canceled too late': {
    ...submit,
    ...form({ ...right, cancellationTimeoutInSeconds: '999999999' }),
  },
  'hashes by a policy that signs files': { ...signHash, ...json(hash) },
  'a hash of another length': {
    ...signHash,
    ...json({ ...hash, base64EncodedHash: Buffer.alloc(20, 7).toString('base64') }),
  },
  'a hash that is no base64': { ...signHash, ...json({ ...hash, base64EncodedHash: '?' }) },
  'a hash of MD5': { ...signHash, ...json({ ...hash, ...md5, base64EncodedHash: 'BwcHBwcHBwcHBwcHBwcHBw==' }) },
  'an upload of other bytes than it says': {
    ...upload,
    headers: { ...upload.headers, 'content-digest': sha256OfNothing },
  },
  'a digest that is none': { ...upload, headers: { ...upload.headers, 'content-digest': 'sha-256=:?:' } },
  'a reason of a change that is too long': {
    ...newProject,
    ...json({ slug: 'x', name: 'X', changeReason: 'x'.repeat(4_001) }),
  },
  'a resubmission to a policy that is named twice': {
    method: 'POST',
    path: 'SigningRequests/Resubmit',
    ...json({ originalSigningRequestId: id, signingPolicySlug: 'release-signing', signingPolicyId: id }),
  },
  'a reason that is too long': {
    method: 'POST',
    path: 'Projects/{projectId}/Deactivate',
    as: 'administrator',
    ...json({ reason: 'x'.repeat(4_001) }),
  },
  'a description with characters that nobody sees': {
    ...newProject,
    ...json({ slug: 'x', name: 'X', description: 'x\u202e' }),
  },
  'a name with characters that nobody sees': { ...newProject, ...json({ slug: 'x', name: 'x\u202e' }) },
  'an address of a repository that is none': {
    ...newProject,
    ...json({ slug: 'x', name: 'X', repositoryUrl: 'demo' }),
  },
  'a reader who is not there': {
    ...newProject,
    ...json({ slug: 'x', name: 'X', readers: [{ user: id }] }),
  },
  'a policy without its project': { method: 'GET', path: 'SigningRequests?signingPolicySlug=release-signing' },
  'an event id that is none': {
    method: 'GET',
    path: 'SigningRequests/Events',
    headers: { accept: 'text/event-stream', 'last-event-id': 'x' },
  },
  'a project that is active already': {
    method: 'POST',
    path: 'Projects/{projectId}/Reactivate',
    as: 'administrator',
    ...json({}),
  },
  'a signing policy that is active already': {
    method: 'POST',
    path: 'SigningPolicies/{signingPolicyId}/Reactivate',
    as: 'administrator',
    ...json({}),
  },
  'a person without an address': {
    method: 'POST',
    path: 'Users/Invite',
    as: 'administrator',
    ...json({ name: 'Ida', email: 'ida' }),
  },
  'approvals of nothing': { method: 'POST', path: 'SigningRequests/Approvals', ...json({ approvals: [] }) },
  'a request by no id': { method: 'GET', path: 'SigningRequests/demo' },
  'a web hook to no address': { ...newWebHook, ...json({ name: 'X', url: 'demo' }) },
  'a web hook that is told nothing': {
    ...newWebHook,
    ...json({ name: 'X', url: 'https://hooks.example.com/', eventTypes: [] }),
  },
  'a request that is not there': { method: 'GET', path: `SigningRequests/${id}/SignedArtifact` },
}

/**
 * Sends a call, and gives the answer without what differs from run to run.
 *
 * @param check holds the answer against the OpenAPI document
 */
export async function refusalOf(
  server: GraphQLTestServer,
  call: RefusedCall,
  check?: ReturnType<typeof answerChecker>,
) {
  const { method, path, as = 'submitter', headers = {}, body, after } = call
  if (after !== undefined) await refusalOf(server, after)
  const known = { nobody: undefined, stranger: `cst_${'x'.repeat(40)}` } as const
  const token =
    as === 'nobody' || as === 'stranger' ? known[as] : as === 'limited' ? await limitedToken(server) : server[as].token
  const named = path.replace('{projectId}', server.projectId).replace('{signingPolicyId}', server.releasePolicyId)
  const url = path.startsWith('/') ? path : `/Api/v1/${server.organizationId}/${named}`
  const isWhole = headers.authorization?.startsWith('Bearer ') === true
  const withSystem = headers.authorization === undefined || isWhole ? {} : { authorization: `Bearer ${token}:unknown` }
  const response = await fetch(`${server.url}${url}`, {
    method,
    headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers, ...withSystem },
    ...(body === undefined ? {} : { body }),
  })
  const answered = await response.text()
  const mediaType = response.headers.get('content-type')?.split(';')[0] ?? ''
  await check?.(method, url, { status: response.status, mediaType, text: answered })
  const text = answered.replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (found) =>
    found === id ? found : 'ID',
  )
  const retryAfter = response.headers.get('retry-after')
  return { ...JSON.parse(text), ...(retryAfter === null ? {} : { 'Retry-After': retryAfter }) }
}

/** Of an administrator, for reading alone. */
async function limitedToken({ dependencies, setup, administrator }: GraphQLTestServer): Promise<string> {
  const scope = { access: 'read', projects: null, networks: null } as const
  const { userId } = administrator
  return (await issueApiToken(dependencies, setup, { userId, name: 'reading', expiresAt: null, scope })).token
}
