import { createHash, randomInt } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newApiToken } from '../../application/api-token.ts'
import { type OrganizationId, type SigningRequestId, streams, type UserId } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { verifyPeFile } from '../../signing/authenticode/index.ts'
import { type EmbeddedOrganization, openEmbeddedOrganization } from '../support/embedded-organization.ts'
import { makeDemo } from '../support/make-demo.ts'
import { osslsigncodeVerify } from '../support/osslsigncode.ts'
import { layoutOf, withFlip } from '../support/pe-layout.ts'
import { realPrograms } from '../support/programs.ts'
import {
  isOfTheSame,
  isRecordOf,
  kindsOf,
  type RefusedAttempt,
  recordedRefusals,
} from '../support/recorded-refusals.ts'
import { approvePlan, showRequest, submitProgram, waitForPlan } from '../support/request-client.ts'
import { requestHistories } from '../support/request-histories.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { serviceClient } from '../support/service-client.ts'
import { countersign, type ServiceProcess, startEmbedded } from '../support/service-processes.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { until } from '../support/until.ts'

const folder = suiteFolder()
const data = join(folder, 'data')
const environment = { COUNTERSIGN_DATA: data }
let service: ServiceProcess
let organization: EmbeddedOrganization

beforeAll(async () => {
  await makeDemo(data)
  service = await startEmbedded({ ...environment, COUNTERSIGN_PORT: '0' })
  organization = await openEmbeddedOrganization(data)
  await organization.addPolicy({
    slug: 'shared',
    notAfter: new Date(Date.now() + 86_400_000),
    submitters: ['ci', 'approver-1'],
    approvers: ['approver-1', 'approver-2', 'approver-3'],
  })
  await organization.addPolicy({
    slug: 'pair',
    notAfter: new Date(Date.now() + 86_400_000),
    submitters: ['ci'],
    approvers: ['approver-1', 'approver-2'],
  })
}, 180_000)

afterAll(async () => {
  await organization?.close()
  await service?.end('SIGTERM')
}, 60_000)

const tokenOf = (user: string) => organization.credentials.users[user]?.token
const as = (user: string) => serviceClient(service.url, tokenOf(user))

const show = (id: string) => showRequest(as('administrator'), id)
const waitingPlan = (id: string) => waitForPlan(as('administrator'), id)
const submit = (user: string, signingPolicy: string) => submitProgram(as(user), signingPolicy)
const approve = (user: string, id: string, planDigest: string) => approvePlan(as(user), id, planDigest)

async function waiting(signingPolicy = 'release-signing', user = 'ci') {
  const id = await submit(user, signingPolicy)
  return { id, digest: (await waitingPlan(id)).digest }
}

const approveByCommand = (user: string, id: string, digest: string) =>
  countersign(['request', 'approve', id, '--plan-digest', digest, '--as', user], environment).done

/** A real program, signed under the release policy: two people looked at its plan, one here and one there. */
async function release() {
  const { pe32plus: program } = await realPrograms()
  const signed = join(folder, 'released.exe')
  const args = ['sign', program, '--project', 'demo', '--policy', 'release-signing', '--out', signed]
  const { said, done } = countersign(args, environment)
  const id = await until('the id', () => /Signing request (\S+)/.exec(said.stderr)?.[1])
  const plan = await waitingPlan(id)
  expect(await approveByCommand('approver-1', id, plan.digest)).toMatchObject({ code: 0 })
  expect((await show(id)).status).toBe('WaitingForApproval')
  await approve('approver-2', id, plan.digest)
  const ran = await done
  const certificate = join(folder, 'release-signing.pem')
  const [leaf = ''] = (await show(id)).certificate.chain
  writeFileSync(certificate, `-----BEGIN CERTIFICATE-----\n${leaf}\n-----END CERTIFICATE-----\n`)
  return { id, program, signed, plan, ran, certificate, leaf: Buffer.from(leaf, 'base64') }
}

let made: ReturnType<typeof release> | undefined
/** Made by whichever test comes first. */
function released(): ReturnType<typeof release> {
  made ??= release()
  return made
}

const verdictOn = (file: string, certificate: string) =>
  osslsigncodeVerify(file, certificate, join(data, 'time-stamp-authority', 'root.pem'))

describe('a release', () => {
  it('waits for two people, one by command and one by GraphQL, and others accept what is signed', async () => {
    const { id, program, signed, plan, ran, certificate } = await released()
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.stderr).toContain('Waiting for 2 of: Approver 1, Approver 2, Approver 3')
    const verdict = await verdictOn(signed, certificate)
    expect(verdict, verdict.output).toMatchObject({ ok: true, signatures: 1 })

    // What they approved names the very bytes that were submitted.
    expect(createHash('sha256').update(plan.document).digest('hex')).toBe(plan.digest)
    const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex')
    expect(JSON.parse(plan.document)).toMatchObject({ pages: [{ entries: 1, sha256: sha256(plan.page) }] })
    expect(JSON.parse(plan.page)).toMatchObject({ sha256: sha256(readFileSync(program)) })
    const history = (await requestHistories(organization.log)).get(id)
    expect(history?.types).toEqual([
      'SigningRequestSubmitted',
      'ArtifactRetrieved',
      'SigningPlanned',
      'ApprovalGranted',
      'ApprovalGranted',
      'SigningStarted',
      'FilesSigned',
      'SigningRequestCompleted',
    ])
  }, 60_000)

  const seed = randomInt(2 ** 31)
  it(`is refused when a byte that the signature covers was flipped (seed ${seed})`, async () => {
    const { signed, certificate, plan, leaf } = await released()
    const random = seededRandom(seed)
    const bytes = readFileSync(signed)
    const { checksum, entry, table, headersEnd } = layoutOf(bytes)
    const file = JSON.parse(plan.page) as { readonly directives: { contentDigests: { digest: string }[] }[] }
    const signature = bytes.subarray(table)
    const placeOf = (part: Uint8Array) => table + signature.indexOf(part)
    /** SpcIndirectData's digest, the certificate, and the RSA signature: an OCTET STRING of 384 bytes. */
    const digestAt = placeOf(Buffer.from(file.directives[0]?.contentDigests[0]?.digest ?? '', 'hex'))
    const leafAt = placeOf(leaf)
    const valueAt = placeOf(Buffer.from([0x04, 0x82, 0x01, 0x80])) + 4
    expect(Math.min(digestAt, leafAt, valueAt - 4)).toBeGreaterThan(table)

    const regions = [
      [0, checksum],
      [checksum + 4, entry],
      [entry + 8, headersEnd],
      [headersEnd, table],
      [digestAt, digestAt + 32],
      [leafAt, leafAt + leaf.length],
      [valueAt, valueAt + 384],
    ] as const
    const edges = regions.flatMap(([start, end]) => [start, end - 1])
    const inside = Array.from({ length: 60 }, () => {
      const [start, end] = random.oneOf(regions)
      return start + random.below(end - start)
    })
    const accepted: number[] = []
    const flipped = join(folder, 'flipped.exe')
    for (const offset of new Set([...edges, ...inside])) {
      writeFileSync(flipped, withFlip(bytes, offset, 1 << random.below(8)))
      // Not its verdict on the whole file but on the signature: a checksum that has become wrong must not help here.
      const { output } = await verdictOn(flipped, certificate)
      if (/^Signature verification: ok$/m.test(output)) accepted.push(offset)
    }
    expect(accepted).toEqual([])
  }, 60_000)

  it('leaves out of its digest the checksum and the entry of the certificate table, and both are checked all the same', async () => {
    const { signed, certificate } = await released()
    const bytes = readFileSync(signed)
    const { checksum, entry } = layoutOf(bytes)
    const flipped = join(folder, 'unsigned-fields.exe')
    for (let offset = checksum; offset < checksum + 4; offset++) {
      writeFileSync(flipped, withFlip(bytes, offset))
      const { ok, output } = await verdictOn(flipped, certificate)
      expect({ ok, signature: /^Signature verification: ok$/m.test(output) }).toEqual({ ok: false, signature: true })
      await expect(verifyPeFile({ path: flipped })).rejects.toMatchObject({ code: 'AUTHENTICODE_CHECKSUM_MISMATCH' })
    }
    for (let offset = entry; offset < entry + 8; offset++) {
      writeFileSync(flipped, withFlip(bytes, offset))
      expect(await verdictOn(flipped, certificate)).toMatchObject({ ok: false, signatures: 0 })
      await expect(verifyPeFile({ path: flipped })).rejects.toThrow()
    }
  }, 60_000)

  it(`is refused by our own verification whatever byte of the file was flipped (seed ${seed})`, async () => {
    const { signed } = await released()
    const random = seededRandom(seed)
    const bytes = readFileSync(signed)
    const { table } = layoutOf(bytes)
    const image = Array.from({ length: 60 }, () => random.below(table))
    const signature = Array.from({ length: 60 }, () => table + random.below(bytes.length - table))
    const path = join(folder, 'flipped-anywhere.exe')
    for (const offset of [...image, ...signature]) {
      writeFileSync(path, withFlip(bytes, offset, 1 << random.below(8)))
      await expect(verifyPeFile({ path }), `offset ${offset}`).rejects.toThrow()
    }
  }, 60_000)
})

it('leaves no name of a person in any file that the service keeps', async () => {
  const { users } = await as('administrator').ask<{ users: { nodes: readonly { name: string }[] } }>(
    '{ users(first: 100) { nodes { name } } }',
  )
  // "Administrator" is a word of roles, too.
  const names = users.nodes.map(({ name }) => name).filter((name) => name !== 'Administrator')
  expect(names).toContain('Approver 1')
  await submit('ci', 'test-signing')
  // A mail that lands as a file is a letter to somebody, and not kept for the service.
  const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.endsWith('.eml'),
  )
  expect(files.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['event-log.db', 'read-model.db', 'temporal.db']),
  )
  for (const { parentPath, name: file } of files) {
    const path = join(parentPath, file)
    const bytes = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
    for (const name of names) expect(bytes.includes(name), `${name} in ${path}`).toBe(false)
  }
})

describe('refused by its code, with nothing signed and the attempt in the log', () => {
  it('the second approval of one person', async () => {
    await bothRefused('ALREADY_APPROVED', 'approveSigningRequest', async (way) => {
      const { id, digest } = await waiting()
      await approve('approver-1', id, digest)
      return { id, attempt: way(id, 'approver-1', digest), by: 'approver-1' }
    })
  })

  it("the submitter's own approval, approver though they are", async () => {
    await bothRefused('SUBMITTER_MAY_NOT_APPROVE', 'approveSigningRequest', async (way) => {
      const { id, digest } = await waiting('shared', 'approver-1')
      return { id, attempt: way(id, 'approver-1', digest), by: 'approver-1' }
    })
  })

  it('an approval that names another plan', async () => {
    await bothRefused('PLAN_DIGEST_MISMATCH', 'approveSigningRequest', async (way) => {
      const { id } = await waiting()
      const { digest: another } = await waiting()
      return { id, attempt: way(id, 'approver-2', another), by: 'approver-2' }
    })
  })

  it('an approval after the request was denied', async () => {
    await bothRefused('SIGNING_REQUEST_FINAL', 'approveSigningRequest', async (way) => {
      const { id, digest } = await waiting()
      await approve('approver-1', id, digest)
      const deny = `mutation ($id: ID!) { denySigningRequest(input: { signingRequestId: $id }) { position } }`
      await as('approver-2').ask(deny, { id })
      return { id, attempt: way(id, 'approver-3', digest), by: 'approver-3' }
    })
  })

  it('an approval by a token without the right to approve', async () => {
    await bothRefused('NOT_AN_APPROVER', 'approveSigningRequest', async (way) => {
      const { id, digest } = await waiting('pair')
      return { id, attempt: way(id, 'approver-3', digest), by: 'approver-3' }
    })
  })

  it('a submission by a token without the right to submit', async () => {
    const before = (await requestHistories(organization.log)).size
    await expect(submit('approver-2', 'release-signing')).rejects.toMatchObject({ code: 'FORBIDDEN' })
    const ran = await signByCommand('approver-3', 'release-signing')
    expect(ran).toMatchObject({ code: 6, stdout: '' })
    expect(ran.stderr).toContain('error: FORBIDDEN: ')
    refusedSoFar.push({ command: 'uploadArtifact', code: 'FORBIDDEN', subject: null, by: 'approver-2' })
    refusedSoFar.push({ command: 'canSubmit', code: 'FORBIDDEN', subject: null, by: 'approver-3' })
    expect((await requestHistories(organization.log)).size).toBe(before)
  })

  it('the list of refusals itself, to whoever is no auditor', async () => {
    await expect(as('approver-1').ask('query { securityRefusals { nodes { code } } }')).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
  })

  it('a token that is not one of the service', async () => {
    const forged = newApiToken(organization.credentials.users['approver-1']?.userId as UserId).text
    const client = serviceClient(service.url, forged)
    await expect(client.ask('query { viewer { name } }')).rejects.toMatchObject({ code: 'TOKEN_INVALID' })
    await expect(client.upload('program.exe', Buffer.from('MZ'))).rejects.toMatchObject({ code: 'TOKEN_INVALID' })
    const args = ['request', 'list', '--url', service.url]
    const ran = await countersign(args, { ...environment, COUNTERSIGN_TOKEN: forged }).done
    expect(ran).toMatchObject({ code: 7, stdout: '' })
    expect(ran.stderr).toContain('error: TOKEN_INVALID: ')
    // Whose token was forged is known from its form, so their organization hears of it.
    refusedSoFar.push({ command: 'authenticate', code: 'TOKEN_INVALID', subject: null, by: null })
  })

  it('a certificate that has expired: at submission, and at the key when it happens while people decide', async () => {
    const { slug, notAfter, id, digest } = await waitingUnderShortCertificate()
    await until('the certificate has expired', () => Date.now() > notAfter.getTime(), 60_000)
    await approve('approver-1', id, digest)
    await approve('approver-2', id, digest)
    await until('the request has failed', async () => (await show(id)).status === 'Failed')
    expect(await show(id)).toMatchObject({
      workflowStatus: 'ProcessingFailed',
      failure: { code: 'CERTIFICATE_EXPIRED' },
    })
    refusedSoFar.push({ command: 'sign', code: 'CERTIFICATE_EXPIRED', subject: id, by: null })
    await expectNothingSigned(id)

    await expect(submit('ci', slug)).rejects.toMatchObject({ code: 'CERTIFICATE_EXPIRED' })
    const ran = await signByCommand('administrator', slug)
    expect(ran).toMatchObject({ code: 6, stdout: '' })
    expect(ran.stderr).toContain('error: CERTIFICATE_EXPIRED: ')
    refusedSoFar.push({ command: 'submitSigningRequest', code: 'CERTIFICATE_EXPIRED', subject: null, by: 'ci' })
    refusedSoFar.push({ command: 'canSubmit', code: 'CERTIFICATE_EXPIRED', subject: null, by: 'administrator' })
  }, 120_000)

  it('nothing without a record of who was refused what, which auditors see', async () => {
    const recorded = await recordedRefusals(organization)
    const document = `query ($position: LogPosition) { securityRefusals(first: 100, minimumPosition: $position) {
      nodes { eventId }
    } }`
    const { securityRefusals } = await as('administrator').ask<{
      securityRefusals: { nodes: readonly { eventId: string }[] }
    }>(document, { position: recorded.at(-1)?.position })
    expect(securityRefusals.nodes.map(({ eventId }) => eventId)).toEqual(
      expect.arrayContaining(recorded.map(({ id }) => id)),
    )
    // The first of a kind is recorded at once, what comes after it within a minute, or when the service stops.
    await service.end('SIGTERM')
    const all = await recordedRefusals(organization)
    expect(refusedSoFar.length).toBeGreaterThan(10)
    for (const refused of refusedSoFar) {
      const ofTheSame = all.flatMap(kindsOf).filter((kind) => isOfTheSame(refused, kind, organization))
      expect(
        ofTheSame.filter((kind) => isRecordOf(refused, kind)),
        JSON.stringify(refused),
      ).not.toEqual([])
      const times = refusedSoFar.filter(({ by, code }) => by === refused.by && code === refused.code).length
      expect(ofTheSame.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(times)
    }
  }, 60_000)
})

type Attempt = (id: string, user: string, digest: string) => Promise<void>

/** Makes an attempt by GraphQL on one request and by command on another, and expects of both the same. */
async function bothRefused(
  code: string,
  command: string,
  make: (way: Attempt) => Promise<{ readonly id: string; readonly attempt: Promise<void>; readonly by: string }>,
): Promise<void> {
  const byGraphQL: Attempt = async (id, user, digest) =>
    expect(approve(user, id, digest)).rejects.toMatchObject({ code })
  const byCommand: Attempt = async (id, user, digest) => {
    const ran = await approveByCommand(user, id, digest)
    expect(ran).toMatchObject({ code: 6, stdout: '' })
    expect(ran.stderr).toContain(`error: ${code}: `)
  }
  for (const way of [byGraphQL, byCommand]) {
    const { id, attempt, by } = await make(way)
    await attempt
    refusedSoFar.push({ command, code, subject: id, by })
    await expectNothingSigned(id)
  }
}

/** What was refused in the tests above. */
const refusedSoFar: RefusedAttempt[] = []

async function expectNothingSigned(id: string): Promise<void> {
  const { events } = await readWholeStream(organization.log, streams.signingRequest(id as SigningRequestId))
  const types = events.map(({ type }) => type)
  for (const type of ['SigningStarted', 'FilesSigned', 'SigningRequestCompleted']) expect(types).not.toContain(type)
  const organizationId = organization.credentials.organizationId as OrganizationId
  const link = `/Api/v1/${organizationId}/SigningRequests/${id}/SignedArtifact`
  await expect(as('administrator').download(link)).rejects.toMatchObject({ code: 'SIGNED_ARTIFACT_NOT_READY' })
}

/** A request that waits for approval under a certificate with a few seconds left: more, when the machine is slow. */
async function waitingUnderShortCertificate() {
  for (let seconds = 4; ; seconds *= 2) {
    const slug = `short-lived-${seconds}`
    // Certificates know whole seconds only.
    const notAfter = new Date(Math.ceil(Date.now() / 1000 + seconds) * 1000)
    const approvers = ['approver-1', 'approver-2', 'approver-3']
    await organization.addPolicy({ slug, notAfter, submitters: ['ci', 'administrator'], approvers })
    try {
      return { slug, notAfter, ...(await waiting(slug)) }
    } catch (error) {
      if (Date.now() < notAfter.getTime() || seconds > 60) throw error
    }
  }
}

function signByCommand(user: string, policy: string) {
  const input = join(folder, `by-${user}.exe`)
  writeFileSync(input, smallPeFile(Buffer.from(`by ${user}`)))
  const args = ['sign', input, '--project', 'demo', '--policy', policy, '--out', `${input}.signed`, '--as', user]
  return countersign(args, environment).done
}
