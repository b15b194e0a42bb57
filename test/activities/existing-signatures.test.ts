import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { signerActivities } from '../../activities/index.ts'
import { type ExistingSignatureTreatment, streams } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { inspectPeFile } from '../../signing/authenticode/index.ts'
import { toPem } from '../../signing/x509/index.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeSign, osslsigncodeVerify } from '../support/osslsigncode.ts'
import { realPrograms } from '../support/programs.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { suiteFolder } from '../support/suite-folder.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { type TestOrganization, testOrganization } from '../support/test-organization.ts'

// A file that others signed, from its plan to its signature: what the plan says becomes of theirs is what became of them.
const folder = suiteFolder()
let vendor: TestIdentity

silenceWorkers()

beforeAll(async () => {
  vendor = await makeIdentity(folder, 'rsa-2048', { commonName: 'Vendor' })
})

async function signedByVendor(...more: readonly string[]): Promise<Buffer> {
  const work = temporaryFolder()
  const [input, output] = [join(work, 'input.exe'), join(work, 'output.exe')]
  await writeFile(input, smallPeFile(randomBytes(2000)))
  await osslsigncodeSign(vendor, input, output, ...more)
  return readFile(output)
}

/** Plans, has it approved, signs, and answers with the signed file. */
async function sign(organization: TestOrganization, program: Uint8Array, treatment: ExistingSignatureTreatment) {
  const { signingRequestId, plan } = await organization.planned(program, treatment)
  if (plan === null) throw new Error('there is no plan')
  const planDigest = plan.digest
  for (const approver of organization.approvers.slice(0, 2))
    await organization.tell(
      signingRequestId,
      { type: 'Approve', groups: [], approver, planDigest, comment: null },
      approver,
    )
  const { sign } = signerActivities({ ...organization.signer, recordRefusal: async () => undefined })
  await new MockActivityEnvironment().run(sign, { signingRequestId, fromRevision: 0 })
  const request = await organization.request(signingRequestId)
  if (request.signedArtifact === null) throw new Error(`not signed: ${request.failure?.code}`)
  return { request, path: (await organization.store.open(request.signedArtifact.sha256)).path }
}

/** A PEM file with the vendor's root and the organization's certificate. */
async function rootsOf(organization: TestOrganization): Promise<string> {
  const { events } = await readWholeStream(organization.log, streams.certificate(organization.certificateId))
  const chain = events.find(({ type }) => type === 'CertificateIssued')?.data.chain as string[]
  const path = join(organization.folder, 'roots.pem')
  const own = toPem(Buffer.from(chain[0] ?? '', 'base64'))
  await writeFile(path, `${await readFile(vendor.rootFile, 'latin1')}${own}`)
  return path
}

const signers = async (path: string) =>
  (await inspectPeFile(path, { hashAlgorithm: 'sha256', append: false })).existingSignatures.map((each) =>
    each.kind === 'signature' ? `${each.place} ${each.signer} ${each.integrity}` : each.kind,
  )

describe('a file that others signed', () => {
  test('keeps their signature beside ours by append, and osslsigncode accepts both', async () => {
    const organization = await testOrganization()
    const { path } = await sign(organization, await signedByVendor(), 'append')
    expect(await signers(path)).toEqual([
      'certificate table CN=Vendor,O=Countersign test intact',
      'nested signature CN=Countersign test intact',
    ])
    const verdict = await osslsigncodeVerify(path, await rootsOf(organization), organization.timeStampRoot)
    expect(verdict).toMatchObject({ ok: true, signatures: 2 })
  })

  test('keeps what we would not sign ourselves by append: SHA-1, and data that nothing covers', async () => {
    const organization = await testOrganization()
    const { path } = await sign(organization, await signedByVendor('-h', 'sha1', '-addUnauthenticatedBlob'), 'append')
    expect(await signers(path)).toHaveLength(2)
  })

  test('keeps the signature of a published program by append', async () => {
    const { signedPe32plus } = await realPrograms()
    const organization = await testOrganization()
    const { path } = await sign(organization, await readFile(signedPe32plus), 'append')
    expect(await signers(path)).toEqual([
      expect.stringMatching(/^certificate table CN=K Desktop Environment e\.V\..* intact$/),
      'nested signature CN=Countersign test intact',
    ])
  })

  test('has only ours by replace', async () => {
    const organization = await testOrganization()
    const { path, request } = await sign(organization, await signedByVendor(), 'replace')
    expect(await signers(path)).toEqual(['certificate table CN=Countersign test intact'])
    // What our authority sends along is all covered, and said to be.
    expect(request.manifest?.files).toMatchObject([{ signatures: [{ timestamp: { uncovered: [] } }] }])
  })
})
