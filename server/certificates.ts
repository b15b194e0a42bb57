import { type Certificates, type IssuedFile, ServiceError } from '../application/index.ts'
import { type CertificateId, type OrganizationId, Refusal, type SigningPolicyId } from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import { type ReadModel, ReadModelError } from '../projections/index.ts'
import { SigningError } from '../signing/signing-error.ts'
import { type CertificateFacts, chainOfIssued, commonNameOf, issuedCertificate } from '../signing/x509/index.ts'

/** How long a change of a certificate's restrictions waits for the read model to know all policies, in milliseconds. */
const catchUpTimeoutMs = 5_000

/**
 * Reads files of authorities, and finds policies that use a certificate in the read model.
 *
 * Fails with `ServiceError` when the read model is away, or does not catch up.
 */
export function certificateSupport(
  log: Pick<EventLog, 'head'>,
  readModel: Pick<ReadModel, 'signingPoliciesOfCertificates' | 'certificatesOfKeys' | 'waitFor'>,
): Certificates {
  return {
    readIssued,
    readImported,
    policiesUsing: (organizationId, certificateId) => policiesUsing(organizationId, async () => [certificateId]),
    policiesUsingKey: (organizationId, keyId) =>
      policiesUsing(organizationId, async () => {
        const [certificates = []] = await readModel.certificatesOfKeys(organizationId, [keyId])
        return certificates.map(({ certificateId }) => certificateId)
      }),
  }

  async function policiesUsing(
    organizationId: OrganizationId,
    certificatesOf: () => Promise<readonly CertificateId[]>,
  ): Promise<readonly SigningPolicyId[]> {
    try {
      const head = await log.head()
      if (head !== undefined) await readModel.waitFor(head, { timeoutMs: catchUpTimeoutMs })
      const policies = await readModel.signingPoliciesOfCertificates(organizationId, await certificatesOf())
      return policies.flat().map(({ signingPolicyId }) => signingPolicyId)
    } catch (error) {
      throw error instanceof ReadModelError ? new ServiceError(error.code, error.message, { cause: error }) : error
    }
  }
}

/** Reads and checks what an authority issued, as the port promises. */
export const readIssued: Certificates['readIssued'] = ({ known, ...issued }) =>
  issuedCertificate(chainOf({ ...issued, known, allowSelfSigned: false }).map(({ der }) => der))

/** Reads and checks a certificate that is imported, as the port promises. */
export const readImported: Certificates['readImported'] = (imported) => {
  const chain = chainOf({ ...imported, known: [], allowSelfSigned: true })
  const issued = issuedCertificate(chain.map(({ der }) => der))
  const algorithm = chain[0]?.keyAlgorithm
  if (algorithm === undefined)
    throw new Refusal(
      'IMPORTED_KEY_UNSUPPORTED',
      `The key of the certificate "${issued.subject}" is none of RSA 2048, 3072, 4096 and EC P-256, P-384, P-521.`,
    )
  const commonName = commonNameOf(Buffer.from(issued.identity.subjectEncoding, 'hex')) ?? issued.subject
  return { issued, algorithm, commonName }
}

function chainOf({
  file,
  publicKey,
  known,
  at,
  allowSelfSigned,
}: IssuedFile & { readonly allowSelfSigned: boolean }): readonly CertificateFacts[] {
  try {
    return chainOfIssued({
      file,
      publicKey: Buffer.from(publicKey, 'base64'),
      known: known.map((each) => Buffer.from(each, 'base64')),
      at: new Date(at),
      allowSelfSigned,
    })
  } catch (error) {
    // What somebody uploaded is at fault, not a key or a format.
    throw error instanceof SigningError ? new Refusal(error.code, error.message) : error
  }
}
