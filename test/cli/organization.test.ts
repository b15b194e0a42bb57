import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { runCommand } from './run-command.ts'
import { certificate, type StandInService, sha256, startStandInService } from './stand-in-service.ts'

let service: StandInService
let folder: string

beforeEach(async () => {
  service = await startStandInService()
  folder = temporaryFolder()
})

function countersign(...args: readonly string[]) {
  const environment = { COUNTERSIGN_URL: service.url, COUNTERSIGN_TOKEN: 'token-of-ci' }
  return runCommand(args, { environment, workingDirectory: folder })
}

describe('lists', () => {
  it('show certificates', async () => {
    const { stdout } = await countersign('certificate', 'list')
    expect(stdout).toContain(`${certificate.certificateId}  Test certificate  active  ec-p256`)
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
    ['certificate', 'certificates'],
    ['project', 'projects'],
    ['policy', 'signingPolicies'],
  ])('of %s are one JSON document', async (command, field) => {
    const { stdout, stderr } = await countersign(command, 'list', '--json')
    expect((JSON.parse(stdout) as Record<string, unknown[]>)[field]).toHaveLength(1)
    expect(stderr).toBe('')
  })
})

describe('countersign certificate download', () => {
  beforeEach(() => Object.assign(certificate, { thumbprint: sha256('certificate') }))

  it('saves the chain as PEM, the signing certificate first', async () => {
    const ran = await countersign('certificate', 'download', certificate.certificateId, '--out', 'chain.pem')
    expect(ran).toMatchObject({ code: 0 })
    const [first, second] = certificate.chain
    expect(readFileSync(join(folder, 'chain.pem'), 'utf8')).toBe(
      [first, second].map((base64) => `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`).join(''),
    )
  })

  it('saves the signing certificate as DER', async () => {
    await countersign('certificate', 'download', certificate.certificateId, '--out', 'signer.der', '--der')
    expect(readFileSync(join(folder, 'signer.der'), 'utf8')).toBe('certificate')
  })

  it('saves nothing that is not the certificate of the thumbprint', async () => {
    Object.assign(certificate, { thumbprint: sha256('another') })
    const ran = await countersign('certificate', 'download', certificate.certificateId, '--out', 'chain.pem')
    expect(ran).toMatchObject({ code: 1 })
    expect(() => readFileSync(join(folder, 'chain.pem'))).toThrow('ENOENT')
  })
})
