import { der } from '../../signing/cms/index.ts'

/** Object identifiers of what a catalog holds. */
const identifiers = {
  signedData: '1.2.840.113549.1.7.2',
  list: '1.3.6.1.4.1.311.10.1',
  catalogList: '1.3.6.1.4.1.311.12.1.1',
  memberVersion2: '1.3.6.1.4.1.311.12.1.3',
  indirectData: '1.3.6.1.4.1.311.2.1.4',
  peImageData: '1.3.6.1.4.1.311.2.1.15',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const

/**
 * A catalog without a signature, as `makecat` writes it: a list of the Authenticode digests of programs.
 *
 * @param digests SHA-256 each
 */
export function buildCatalog(digests: readonly Uint8Array[]): Buffer {
  const list = buildList(digests)
  const content = der.sequence(der.objectIdentifier(identifiers.list), der.context(0, list))
  const signedData = der.sequence(der.integer(1), der.setOf(), content, der.setOf())
  return Buffer.from(der.sequence(der.objectIdentifier(identifiers.signedData), der.context(0, signedData)))
}

/** The list of a catalog. */
export function buildList(digests: readonly Uint8Array[]): Uint8Array {
  return der.sequence(
    der.sequence(der.objectIdentifier(identifiers.catalogList)),
    der.octetString(Buffer.alloc(16, 7)),
    der.element(0x17, Buffer.from('260101000000Z')),
    der.sequence(der.objectIdentifier(identifiers.memberVersion2), der.nullValue()),
    der.sequence(...digests.map(member)),
  )
}

function member(digest: Uint8Array): Uint8Array {
  const image = der.sequence(
    der.bitString(0, new Uint8Array(0)),
    der.context(0, der.context(2, der.contextPrimitive(0, new Uint8Array(0)))),
  )
  const data = der.sequence(der.objectIdentifier(identifiers.peImageData), image)
  const algorithm = der.sequence(der.objectIdentifier(identifiers.sha256), der.nullValue())
  const indirect = der.sequence(data, der.sequence(algorithm, der.octetString(digest)))
  return der.sequence(
    der.octetString(digest),
    der.setOf(der.sequence(der.objectIdentifier(identifiers.indirectData), der.setOf(indirect))),
  )
}
