import { describe, expect, test } from 'vitest'
import { changeKeyExpiry, switchCertificate } from '../../application/certificates.ts'
import { createOpenPgpKey } from '../../application/create-certificate.ts'
import { type CertificateId, certificateDecider, fold, neverEnds, streams } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import { readOpenPgpCertificate } from '../../signing/openpgp/index.ts'
import { useCertificate } from '../support/certificates.ts'
import { codeOf } from '../support/code-of.ts'
import { silenceWorkers } from '../support/temporal.ts'
import { keyWorkflows, testOrganization } from '../support/test-organization.ts'

silenceWorkers()

describe('an OpenPGP key', () => {
  test('certifies itself in the signer, again for each new end, and signs no programs', async () => {
    const organization = await testOrganization({ approval: null, timestamp: 'none' })
    const { signer, setup, log } = organization
    const dependencies = { ...signer, log, workflows: keyWorkflows(signer) }
    const issued = async (certificateId: CertificateId) => {
      const state = fold(certificateDecider, (await readWholeStream(log, streams.certificate(certificateId))).events)
      if (state.status === 'none' || state.issued?.format !== 'openpgp') throw new Error('It is not there.')
      return { ...state.issued, ...(await readOpenPgpCertificate(Buffer.from(state.issued.publicKey, 'base64'))) }
    }
    const end = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_600_000).toISOString()
    const userId = 'Acme Releases <release@acme.example>'
    const key = { algorithm: 'ec-p256' } as const
    const { certificateId } = await createOpenPgpKey(dependencies, setup, {
      name: 'Downloads',
      userId,
      key,
      expiresAt: end,
    })
    const first = await issued(certificateId)
    expect(first).toMatchObject({ subject: userId, notAfter: end, selfSignatures: 1, thumbprint: first.fingerprint })

    await changeKeyExpiry(dependencies, setup, { certificateId, expiresAt: null })
    const second = await issued(certificateId)
    expect(second).toMatchObject({ notAfter: neverEnds, expiresAt: null, selfSignatures: 2 })
    expect(second.publicKey).not.toBe(first.publicKey)
    expect(second.thumbprint).toBe(first.thumbprint)
    expect(second.certifiedAt.getTime()).toBeGreaterThan(first.certifiedAt.getTime())

    await useCertificate(organization, certificateId)
    expect(await codeOf(organization.planned())).toBe('CERTIFICATE_FORMAT_UNSUITABLE')

    // Without somebody's asking the key is not used, whoever starts the activity.
    await dependencies.workflows.issueCertificate(certificateId)
    expect((await issued(certificateId)).selfSignatures).toBe(2)
    await switchCertificate(dependencies as never, setup, { certificateId, reason: null }, 'DisableCertificate')
    const refused = changeKeyExpiry(dependencies, setup, { certificateId, expiresAt: end })
    expect(await codeOf(refused)).toBe('CERTIFICATE_STATE')
  })
})
