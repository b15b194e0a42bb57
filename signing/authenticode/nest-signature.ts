import { DerReader, der, encodeAttribute, objectIdentifiers } from '../cms/index.ts'

const code = 'AUTHENTICODE_EXISTING_SIGNATURE_MALFORMED'
const elementLimit = 64

/**
 * Adds a signature to a primary one as SignTool does with `/as`: as another value of the unsigned attribute
 * SPC_NESTED_SIGNATURE of its signer. Values keep the order in which they were added, which is how tools number them.
 *
 * @param primary the content of a WIN_CERTIFICATE: a ContentInfo, possibly padded with up to 7 zeros
 * @param nested a ContentInfo
 * @returns the primary ContentInfo with the nested one inside; everything that is signed stays byte for byte
 * @throws SigningError `AUTHENTICODE_EXISTING_SIGNATURE_MALFORMED`
 */
export function nestSignature(primary: Uint8Array, nested: Uint8Array): Uint8Array {
  const outer = new DerReader(primary, code)
  const contentInfo = outer.enter(0x30, 'the existing signature')
  if (outer.unread.length > 7 || outer.unread.some((octet) => octet !== 0))
    throw outer.fault('the existing signature is followed by bytes that are no padding')
  const type = contentInfo.take(0x06, 'the type of the existing signature').encoded
  const explicit = contentInfo.enter(0xa0, 'the content of the existing signature')
  contentInfo.end('the existing signature')
  const signedData = explicit.enter(0x30, 'SignedData of the existing signature')
  explicit.end('SignedData of the existing signature')
  const fields = signedData.rest(elementLimit, 'SignedData of the existing signature')
  const signerInfos = fields.at(-1)
  if (signerInfos?.tag !== 0x31) throw signedData.fault('the existing signature has no signers')
  const signers = signedData.inside(signerInfos)
  const signer = signers.enter(0x30, 'the signer of the existing signature')
  signers.end('the only signer of the existing signature')
  const signerFields = signer.rest(elementLimit, 'the signer of the existing signature')
  const last = signerFields.at(-1)
  const unsigned = last?.tag === 0xa1 ? signer.inside(last).rest(elementLimit, 'unsigned attributes') : []
  const kept = last?.tag === 0xa1 ? signerFields.slice(0, -1) : signerFields

  return der.sequence(
    type,
    der.context(
      0,
      der.sequence(
        ...fields.slice(0, -1).map((field) => field.encoded),
        der.setOf(
          der.sequence(
            ...kept.map((field) => field.encoded),
            der.context(
              1,
              ...addNested(
                unsigned.map((attribute) => attribute.encoded),
                nested,
              ),
            ),
          ),
        ),
      ),
    ),
  )
}

/** The attributes with the nested signature as the last value of its attribute, which is made when there is none. */
function addNested(attributes: readonly Uint8Array[], nested: Uint8Array): readonly Uint8Array[] {
  const others: Uint8Array[] = []
  const values: Uint8Array[] = []
  for (const encoded of attributes) {
    const attribute = new DerReader(encoded, code).enter(0x30, 'an unsigned attribute')
    if (attribute.objectIdentifier('the type of an unsigned attribute') !== objectIdentifiers.spcNestedSignature) {
      others.push(encoded)
      continue
    }
    const present = attribute.enter(0x31, 'the nested signatures')
    values.push(...present.rest(elementLimit, 'the nested signatures').map((value) => value.encoded))
  }
  return [...others, encodeAttribute(objectIdentifiers.spcNestedSignature, ...values, nested)].toSorted(Buffer.compare)
}
