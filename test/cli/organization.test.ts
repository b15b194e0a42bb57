import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { useCommandLine } from '../support/command-line.ts'
import { certificate, key, sha256 } from '../support/stand-in-answers.ts'

const at = useCommandLine()
const countersign = (...args: readonly string[]) => at.countersign(args)

describe('lists', () => {
  it('show certificates', async () => {
    const { stdout } = await countersign('certificate', 'list')
    expect(stdout).toContain(`${certificate.certificateId}  Test certificate  active  ec-p256`)
  })

  it('show keys, and which of them others may have', async () => {
    const { stdout } = await countersign('key', 'list')
    expect(stdout).toContain(`${key.keyId}  Test key  active  hsm-2      ec-p256  imported, potentially exposed`)
  })

  it('show projects and policies', async () => {
    expect((await countersign('project', 'list')).stdout).toMatch(/demo +Demo +valid +test-signing/)
    expect((await countersign('policy', 'list', '--project', 'demo')).stdout).toMatch(
      /demo\/test-signing +active +Test certificate +ci +2 of approver-1, approver-2, the group Leads/,
    )
    const nothing = await countersign('policy', 'list', '--project', 'other')
    expect(nothing.stdout).toBe('No signing policies.\n')
    expect(nothing.stderr).toContain('`countersign project list`')
  })

  it.each([
    ['key', 'keys'],
    ['certificate', 'certificates'],
    ['project', 'projects'],
    ['policy', 'signingPolicies'],
  ])('of %s are one JSON document', async (command, field) => {
    const { stdout, stderr } = await countersign(command, 'list', '--json')
    expect((JSON.parse(stdout) as Record<string, unknown[]>)[field]).toHaveLength(1)
    expect(stderr).toBe('')
  })
})

describe('countersign key show', () => {
  it('shows where the key is, its certificates and its history', async () => {
    const { stdout } = await countersign('key', 'show', key.keyId.toUpperCase())
    expect(stdout).toMatch(/key store +hsm-2/)
    expect(stdout).toMatch(/token +release, serial number 0042 \(HSM Ltd H1\)/)
    expect(stdout).toMatch(/CKA_ID +f9b3f6c03d0f4a3a8d576f2f4c1b7a22/)
    expect(stdout).toMatch(/7f1c54b2-\S+ +Test certificate +active/)
    expect(stdout).toContain('Asked for by Ada, to be brought into the key store hsm-2')
    expect(stdout).toContain('Brought into the token release, serial number 0042')
    const document = JSON.parse((await countersign('key', 'show', key.keyId, '--json')).stdout)
    expect(document).toMatchObject({ keyId: key.keyId, certificates: [{ name: 'Test certificate' }] })
    expect(document.events.map(({ type }: { type: string }) => type)).toEqual(['KeyImportRequested', 'KeyImported'])
  })

  it('says that there is no such key', async () => {
    const ran = await countersign('key', 'show', '00000000-0000-4000-8000-000000000000')
    expect(ran).toMatchObject({ code: 6, stderr: expect.stringContaining('`countersign key list`') })
    expect((await countersign('key', 'show', 'x')).stderr).toContain('The id of a key is a UUID')
  })
})

describe('countersign certificate download', () => {
  beforeEach(() => Object.assign(certificate, { thumbprint: sha256('certificate') }))

  it('saves the chain as PEM, the signing certificate first', async () => {
    const ran = await countersign('certificate', 'download', certificate.certificateId, '--out', 'chain.pem')
    expect(ran).toMatchObject({ code: 0 })
    const [first, second] = certificate.chain
    expect(readFileSync(join(at.folder, 'chain.pem'), 'utf8')).toBe(
      [first, second].map((base64) => `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`).join(''),
    )
  })

  it('saves the signing certificate as DER', async () => {
    await countersign('certificate', 'download', certificate.certificateId, '--out', 'signer.der', '--der')
    expect(readFileSync(join(at.folder, 'signer.der'), 'utf8')).toBe('certificate')
  })

  it('saves nothing that is not the certificate of the thumbprint', async () => {
    Object.assign(certificate, { thumbprint: sha256('another') })
    const ran = await countersign('certificate', 'download', certificate.certificateId, '--out', 'chain.pem')
    expect(ran).toMatchObject({ code: 1 })
    expect(() => readFileSync(join(at.folder, 'chain.pem'))).toThrow('ENOENT')
  })
})
