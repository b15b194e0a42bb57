import { createPrivateKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toPem } from '../../signing/x509/index.ts'
import { CertificateAuthority } from '../support/certificate-authority.ts'
import { filesHolding } from '../support/files-holding.ts'
import { makeDemo } from '../support/make-demo.ts'
import { makeIdentity, openssl } from '../support/openssl.ts'
import { runCommand } from '../support/run-command.ts'
import { type ServiceProcess, startServe } from '../support/service-processes.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
const data = join(folder, 'data')
let service: ServiceProcess
let root: CertificateAuthority
let issuing: CertificateAuthority

beforeAll(async () => {
  root = await CertificateAuthority.root(folder, 'Root', 'rsa')
  issuing = await root.below('Issuing', 'ec')
  await makeDemo(data)
  service = await startServe({ COUNTERSIGN_DATA: data, COUNTERSIGN_PORT: '0' })
}, 180_000)

afterAll(async () => {
  await service?.end('SIGTERM')
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}, 60_000)

function countersign(...args: readonly string[]) {
  return runCommand(args, { environment: { COUNTERSIGN_DATA: data }, workingDirectory: folder })
}

async function json(...args: readonly string[]): Promise<Record<string, unknown>> {
  const ran = await countersign(...args, '--json')
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  return JSON.parse(ran.stdout) as Record<string, unknown>
}

const asAdministrator = ['--as', 'administrator'] as const
const subject = ['--common-name', 'Acme Ltd', '--organization', 'Acme Ltd', '--country', 'DE'] as const

/** Has a certificate made by the command line, and issued by openssl. */
async function issued(name: string, by: CertificateAuthority, ...more: readonly string[]): Promise<string> {
  const created = await json('certificate', 'create-csr', '--name', name, ...subject, ...more, ...asAdministrator)
  const id = String(created.certificateId)
  expect(created.certificate).toMatchObject({ status: 'awaitingIssuance' })
  await json('certificate', 'download-csr', id, '--out', `${name}.csr`)
  expect(await openssl('req', '-in', join(folder, `${name}.csr`), '-verify', '-noout', '-subject')).toContain(
    'Acme Ltd',
  )
  const leaf = await by.issue(readFileSync(join(folder, `${name}.csr`)))
  // The bundle of the authority has its root first.
  const bundle = [...(await by.chain()).toReversed(), leaf].map((der) => toPem(der)).join('')
  writeFileSync(join(folder, `${name}.pem`), bundle)
  await json('certificate', 'install', id, `${name}.pem`, ...asAdministrator)
  return id
}

describe('certificates by the command line', () => {
  it('are asked for, issued by openssl, installed, renewed, restricted, disabled and enabled', async () => {
    const id = await issued('release', issuing, '--algorithm', 'ec-p384', '--email', 'release@example.org')
    const shown = await countersign('certificate', 'show', id)
    expect(shown.stdout).toMatch(/status +active/)
    expect(shown.stdout).toMatch(/also +email release@example.org/)
    expect(shown.stdout).toMatch(/issuer +CN=Issuing,O=Authorities/)
    expect(shown.stdout).toMatch(/APPX publisher +CN=Acme Ltd, O=Acme Ltd, C=DE/)
    expect(shown.stdout).toContain('The request to the authority is ready')
    expect(shown.stdout).toMatch(/Installed, issued by CN=Issuing,O=Authorities/)
    await json('certificate', 'download', id, '--out', 'chain.pem')
    writeFileSync(join(folder, 'root.pem'), toPem(await root.certificate()))
    const chain = join(folder, 'chain.pem')
    expect(await openssl('verify', '-CAfile', join(folder, 'root.pem'), '-untrusted', chain, chain)).toContain('OK')

    // Issued twice for one request: the second is refused, and nothing has changed.
    const twice = await countersign('certificate', 'install', id, 'release.pem', ...asAdministrator)
    expect(twice).toMatchObject({ code: 6, stderr: expect.stringContaining('CERTIFICATE_STATE') })

    const renewed = await json('certificate', 'renew', id, ...asAdministrator)
    expect(renewed.certificate).toMatchObject({ status: 'active', renewalRequested: true })
    await json('certificate', 'download-csr', id, '--out', 'next.csr')
    writeFileSync(join(folder, 'next.der'), await issuing.issue(readFileSync(join(folder, 'next.csr'))))
    const next = await json('certificate', 'install', id, 'next.der', ...asAdministrator)
    expect(next.certificate).toMatchObject({ renewalRequested: false })

    const restricted = await json('certificate', 'restrict', id, '--require-approvals', '2', ...asAdministrator)
    expect(restricted.certificate).toMatchObject({ restrictions: { minimumApprovals: 2, timestamp: false } })
    await json('certificate', 'disable', id, '--reason', 'looked at', ...asAdministrator)
    expect((await countersign('certificate', 'show', id)).stdout).toMatch(/status +disabled/)
    expect((await json('certificate', 'enable', id, ...asAdministrator)).certificate).toMatchObject({
      status: 'active',
    })
  }, 180_000)

  it('of another authority are an alarm, and are no renewal', async () => {
    const other = await CertificateAuthority.root(folder, 'Other', 'rsa')
    const before = await issued('before', issuing, '--algorithm', 'rsa-3072')
    const key = ((await json('certificate', 'show', before)).key as { keyId: string }).keyId
    const after = await issued('after', other, '--key', key, '--renews', before)
    const { findings } = (await json('certificate', 'compare', before, after)) as {
      findings: readonly { aspect: string; severity: string }[]
    }
    expect(findings.map(({ aspect, severity }) => [aspect, severity])).toEqual([
      ['issuer', 'warning'],
      ['issuingAuthority', 'alarm'],
    ])
    expect((await countersign('certificate', 'compare', before, after)).stdout).toMatch(/^alarm +issuingAuthority/m)
    await json('certificate', 'renew', before, ...asAdministrator)
    await json('certificate', 'download-csr', before, '--out', 'wrong.csr')
    writeFileSync(join(folder, 'wrong.pem'), toPem(await other.issue(readFileSync(join(folder, 'wrong.csr')))))
    writeFileSync(
      join(folder, 'wrong.pem'),
      `${readFileSync(join(folder, 'wrong.pem'), 'latin1')}${toPem(await other.certificate())}`,
    )
    const refused = await countersign('certificate', 'install', before, 'wrong.pem', ...asAdministrator)
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('CERTIFICATE_CONTINUITY') })
  }, 180_000)

  it('are imported with their keys from a file that OpenSSL exported, once, and nothing secret leaves this process', async () => {
    const { keyFile, chainFile } = await makeIdentity(folder, 'ec-p384', { commonName: 'Imported' })
    const file = join(folder, 'imported.pfx')
    const password = 'canary-password-4711'
    await openssl(
      'pkcs12',
      '-export',
      '-inkey',
      keyFile,
      '-in',
      chainFile,
      '-out',
      file,
      '-passout',
      `pass:${password}`,
    )
    const command = ['certificate', 'import', file, '--password-stdin', ...asAdministrator, '--json']
    const run = (input: string) =>
      runCommand(command, { environment: { COUNTERSIGN_DATA: data }, workingDirectory: folder, input })
    expect(await run('wrong\n')).toMatchObject({ code: 2, stderr: expect.stringContaining('PFX_PASSWORD_WRONG') })

    const first = await run(`${password}\n`)
    expect(first).toMatchObject({ code: 0, stderr: '' })
    const { certificateId, certificate } = JSON.parse(first.stdout)
    expect(certificate).toMatchObject({ name: 'imported', kind: 'imported', status: 'active' })
    expect(certificate.key).toMatchObject({ potentiallyExposed: true })
    expect(JSON.parse((await run(`${password}\n`)).stdout)).toMatchObject({ certificateId, certificate })

    const shown = await countersign('certificate', 'show', certificateId)
    expect(shown.stdout).toMatch(/comes from +a PKCS #12 file, with its key/)
    expect(shown.stdout).toMatch(/key +ec-p384 in default .*, potentially exposed/)
    expect((await countersign('key', 'show', certificate.key.keyId)).stdout).toMatch(
      /origin +imported, potentially exposed/,
    )
    const secret = createPrivateKey(readFileSync(keyFile)).export({ format: 'jwk' }).d ?? ''
    expect(secret).not.toBe('')
    expect(filesHolding(data, [password, secret, Buffer.from(secret, 'base64url')])).toEqual([])

    // Its key is destroyed by two administrators.
    const { keyId } = certificate.key
    const label = String((await json('key', 'show', keyId)).label)
    await json('key', 'delete', keyId, '--reason', 'exposed', ...asAdministrator)
    expect((await countersign('key', 'list')).stdout).toMatch(new RegExp(`${keyId} .*to be destroyed`))
    const alone = await countersign('key', 'delete', keyId, '--confirm', label, ...asAdministrator)
    expect(alone).toMatchObject({ code: 6, stderr: expect.stringContaining('KEY_DELETION_SAME_PERSON') })
    const { users } = (await json('user', 'list', ...asAdministrator)) as {
      users: readonly { readonly userId: string; readonly name: string }[]
    }
    const userId = users.find(({ name }) => name === 'Approver 1')?.userId ?? ''
    await json('role', 'grant', 'certificateAdministrator', userId, ...asAdministrator)
    await json('key', 'delete', keyId, '--confirm', label, '--as', 'approver-1')
    expect((await countersign('key', 'show', keyId)).stdout).toMatch(/status +destroyed/)
  }, 180_000)

  it('for tests are self-signed and can renew themselves', async () => {
    const made = await json(
      ...['certificate', 'create-self-signed', '--name', 'tests', ...subject, '--algorithm', 'ec-p256'],
      ...['--days', '7', '--renew-before-hours', '24', ...asAdministrator],
    )
    expect(made.certificate).toMatchObject({ kind: 'selfSigned', status: 'active', renewBeforeHours: 24 })
  }, 60_000)

  it('are refused with a code when what is said of them makes no sense', async () => {
    const create = ['certificate', 'create-csr', '--name', 'x', '--common-name', 'x', ...asAdministrator]
    expect((await countersign(...create)).stderr).toContain('--algorithm')
    expect((await countersign(...create, '--algorithm', 'dsa')).code).not.toBe(0)
    const named = await countersign(...create, '--algorithm', 'ec-p256', '--email', 'nobody')
    expect(named).toMatchObject({ code: 6, stderr: expect.stringContaining('ALTERNATIVE_NAME_MALFORMED') })
    const nobody = await countersign('certificate', 'show', '00000000-0000-4000-8000-000000000000')
    expect(nobody).toMatchObject({ code: 6, stderr: expect.stringContaining('certificate list') })
    const forbidden = await countersign(...create.slice(0, -2), '--algorithm', 'ec-p256', '--as', 'ci')
    expect(forbidden.stderr).toContain('FORBIDDEN')
  }, 60_000)
})
