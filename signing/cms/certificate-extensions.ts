import type { CertificateFields } from './certificate-fields.ts'
import { DerReader } from './der-reader.ts'
import { objectIdentifiers } from './object-identifiers.ts'

/** Bits of KeyUsage (RFC 5280 §4.2.1.3): those of its first octet, and above them `decipherOnly`, the only one of its second. */
export const keyUsages = {
  digitalSignature: 0x80,
  contentCommitment: 0x40,
  keyCertSign: 0x04,
  decipherOnly: 0x8000,
} as const

/**
 * The bits of KeyUsage, as {@link keyUsages} names them; `undefined` when the certificate does not restrict it.
 *
 * @param code of the `SigningError` that a malformed extension gets
 */
export function readKeyUsage({ extensions }: CertificateFields, code: string): number | undefined {
  const extension = extensions.get(objectIdentifiers.keyUsage)
  if (extension === undefined) return undefined
  const reader = new DerReader(extension.value, code)
  const bits = reader.bitString('the key usage of a certificate')
  reader.end('the key usage of a certificate')
  return (bits[0] ?? 0) | (((bits[1] ?? 0) << 8) & keyUsages.decipherOnly)
}

/**
 * Whether a certificate is an authority's, and how many authorities may be below it (RFC 5280 §4.2.1.9).
 *
 * @param code of the `SigningError` that a malformed extension gets
 */
export function readBasicConstraints(
  { extensions }: CertificateFields,
  code: string,
): { readonly isAuthority: boolean; readonly pathLength?: number } {
  const extension = extensions.get(objectIdentifiers.basicConstraints)
  if (extension === undefined) return { isAuthority: false }
  const outer = new DerReader(extension.value, code)
  const constraints = outer.enter(0x30, 'the basic constraints of a certificate')
  outer.end('the basic constraints of a certificate')
  const isAuthority = constraints.nextIs(0x01) && constraints.boolean('cA of the basic constraints')
  const pathLength = constraints.nextIs(0x02)
    ? constraints.smallInteger('pathLenConstraint of the basic constraints')
    : undefined
  constraints.end('the basic constraints of a certificate')
  return pathLength === undefined ? { isAuthority } : { isAuthority, pathLength }
}

/**
 * The extended key usages of a certificate (RFC 5280 §4.2.1.12); `usages` is `undefined` when it does not restrict them.
 *
 * @param code of the `SigningError` that a malformed extension gets
 */
export function readExtendedKeyUsages(
  { extensions }: CertificateFields,
  code: string,
): { readonly critical: boolean; readonly usages: readonly string[] | undefined } {
  const extension = extensions.get(objectIdentifiers.extendedKeyUsage)
  if (extension === undefined) return { critical: false, usages: undefined }
  const outer = new DerReader(extension.value, code)
  const list = outer.enter(0x30, 'the extended key usage of a certificate')
  outer.end('the extended key usage of a certificate')
  const usages: string[] = []
  while (list.hasMore()) usages.push(list.objectIdentifier('one of the extended key usages'))
  return { critical: extension.critical, usages }
}

/**
 * How a certificate names its key (RFC 5280 §4.2.1.2); `undefined` when it does not.
 *
 * @param code of the `SigningError` that a malformed extension gets
 */
export function readSubjectKeyIdentifier({ extensions }: CertificateFields, code: string): Uint8Array | undefined {
  const extension = extensions.get(objectIdentifiers.subjectKeyIdentifier)
  if (extension === undefined) return undefined
  const reader = new DerReader(extension.value, code)
  const { content } = reader.take(0x04, 'the subject key identifier of a certificate')
  reader.end('the subject key identifier of a certificate')
  return content
}
