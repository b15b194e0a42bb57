import { type CertificateFields, judgePath, objectIdentifiers, readCertificateFields } from '../cms/index.ts'
import { existingSigner } from '../existing/index.ts'
import type { ForeignSignature, ForeignTrust, ForeignVerifier } from '../foreign-verifier.ts'
import type { CheckedSignature } from './check-enveloped.ts'
import type { EnvelopedSignature } from './document-thread.ts'
import { integrityOf, readFindings } from './findings.ts'
import { digestMethods, signatureMethods } from './identifiers.ts'

/**
 * `xml-verify`: what others signed right below the root of a document. Signatures of the whole document with any known canonical form are
 * judged; references to parts of it, and other transforms, are said not to be.
 */
export const xmlVerifier: ForeignVerifier = {
  directive: 'xml-verify',
  formats: ['xml'],
  async verify({ handle, size }, trust, options) {
    const { signatures } = await readFindings(handle, size, options)
    const judged = signatures.map((signature) => judge(signature, trust))
    return {
      isAccepted: judged.length > 0 && judged.every(({ verdict }) => verdict === 'valid'),
      signatures: judged,
    }
  },
}

function judge(signature: EnvelopedSignature, trust: ForeignTrust): ForeignSignature {
  const placed = { place: 'enveloped signature', depth: 0, timestamp: null }
  if (signature.kind === 'unreadable')
    return {
      ...placed,
      verdict: 'invalid',
      reason: signature.reason,
      integrity: 'unchecked',
      signer: null,
      signerCertificate: null,
      digestAlgorithm: null,
      weaknesses: [],
    }
  const { checked } = signature
  const [leaf] = checked.certificates
  const integrity = integrityOf(checked)
  const path = integrity === 'intact' && leaf !== undefined ? pathOf(leaf, checked, trust) : undefined
  const fault = integrity === 'intact' ? path?.fault : faults[integrity]
  return {
    ...placed,
    verdict: integrity !== 'intact' ? 'invalid' : fault === undefined ? 'valid' : 'untrusted',
    reason: fault === undefined ? null : `The signature is not valid: ${fault}.`,
    integrity,
    signer: existingSigner(leaf).signer,
    signerCertificate: leaf ?? null,
    digestAlgorithm: digestMethods.get(checked.digestMethod) ?? checked.digestMethod.slice(0, 100),
    weaknesses: [...weaknessesOf(checked), ...(path?.weaknesses ?? [])],
  }
}

const faults = {
  fileChanged: 'the document was changed after it was signed',
  invalid: 'the key of its certificate did not make it',
  unchecked:
    'it names no certificate, refers to a part of the document, or uses algorithms or transforms that are not known',
} as const

function pathOf(leaf: Uint8Array, { certificates }: CheckedSignature, trust: ForeignTrust) {
  const anchors = readable(trust.trustedCertificates)
  const [signer] = readable([leaf])
  if (signer === undefined) return { fault: 'its certificate cannot be read', weaknesses: [] }
  const purpose = objectIdentifiers.codeSigning
  return judgePath({ leaf: signer, embedded: readable(certificates), anchors, at: trust.at, purpose })
}

function readable(certificates: readonly Uint8Array[]): readonly CertificateFields[] {
  return certificates.flatMap((certificate) => {
    try {
      return [readCertificateFields(certificate, 'XML_SIGNATURE_MALFORMED')]
    } catch {
      return []
    }
  })
}

function weaknessesOf({ digestMethod, signatureMethod, extras }: CheckedSignature): readonly string[] {
  const isWeak = digestMethods.get(digestMethod) === 'sha1' || signatureMethods.get(signatureMethod)?.hash === 'sha1'
  return [
    ...(isWeak ? ['It uses SHA-1, for which other contents of the same digest can be made.'] : []),
    ...extras.slice(0, 8).map((extra) => `It has in it what it does not cover: ${extra.slice(0, 100)}.`),
  ]
}
