import { type KeyObject, sign } from 'node:crypto'
import { der, objectIdentifiers } from '../../signing/cms/index.ts'

/** What a crafted certificate says; names are common names. */
export interface CraftedCertificate {
  readonly subject: string
  readonly issuer: string
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  /** A key on P-256. */
  readonly signedBy: KeyObject
  readonly serialNumber?: number
  /** A whole element; the end of 2049 by default. */
  readonly notAfter?: Uint8Array
  /** Whole Extension elements. */
  readonly extensions?: readonly Uint8Array[]
  /** Another AlgorithmIdentifier inside than outside. */
  readonly innerAlgorithm?: Uint8Array
}

/** A certificate that no tool would make: its fields are as they are given, its signature is right. */
export function craftCertificate(fields: CraftedCertificate): Uint8Array {
  const algorithm = der.sequence(der.objectIdentifier(objectIdentifiers.ecdsaWithSha256))
  const utcTime = (text: string) => der.element(0x17, Buffer.from(text))
  const extensions = fields.extensions ?? []
  const body = der.sequence(
    der.context(0, der.integer(2)),
    der.integer(fields.serialNumber ?? 1),
    fields.innerAlgorithm ?? algorithm,
    encodeCommonName(fields.issuer),
    der.sequence(utcTime('200101000000Z'), fields.notAfter ?? utcTime('491231235959Z')),
    encodeCommonName(fields.subject),
    fields.publicKey,
    ...(extensions.length === 0 ? [] : [der.context(3, der.sequence(...extensions))]),
  )
  return der.sequence(body, algorithm, der.bitString(0, sign('sha256', body, fields.signedBy)))
}

/** A Name with a common name only. */
export function encodeCommonName(text: string): Uint8Array {
  return der.sequence(der.element(0x31, der.sequence(der.objectIdentifier('2.5.4.3'), der.utf8String(text))))
}
