import { DerReader, der, encodeAttribute, objectIdentifiers } from '../cms/index.ts'
import { SigningError } from '../signing-error.ts'

const code = 'AUTHENTICODE_EXISTING_SIGNATURE_MALFORMED'
const elementLimit = 64

/**
 * Adds a signature to a primary one as SignTool does with `/as`: as another value of the unsigned attribute
 * SPC_NESTED_SIGNATURE of its signer. Values keep the order in which they were added, which is how tools number them, and
 * other attributes theirs.
 *
 * @param primary the content of a WIN_CERTIFICATE: a ContentInfo, possibly padded with up to 7 zeros
 * @param nested a ContentInfo
 * @returns the primary ContentInfo with the nested one inside; everything that is signed stays byte for byte
 * @throws SigningError `AUTHENTICODE_EXISTING_SIGNATURE_MALFORMED`
 */
export function nestSignature(primary: Uint8Array, nested: Uint8Array): Uint8Array {
  const parts = takeApart(primary)
  if (parts.nested.length === 0 && Buffer.compare(putTogether(parts, parts.unsigned), parts.encoded) !== 0)
    throw new SigningError(
      code,
      'The existing signature has unsigned attributes that are an empty set, or one for nested signatures with none in it (RFC 5652 §5.3): without what is nested it would not be the same any more.',
    )
  const attribute = encodeAttribute(objectIdentifiers.spcNestedSignature, ...parts.nested, nested)
  const place = parts.unsigned.findIndex((other) => Buffer.compare(other, attribute) > 0)
  return putTogether(parts, parts.unsigned.toSpliced(place === -1 ? parts.unsigned.length : place, 0, attribute))
}

/**
 * A signature as it was before others were nested in it: what `nestSignature` leaves as it is.
 *
 * @param signature a ContentInfo
 * @returns a ContentInfo; the same bytes when nothing is nested in it
 * @throws SigningError `AUTHENTICODE_EXISTING_SIGNATURE_MALFORMED`
 */
export function withoutNested(signature: Uint8Array): Uint8Array {
  const parts = takeApart(signature)
  return parts.nested.length === 0 ? signature : putTogether(parts, parts.unsigned)
}

/** A signature in pieces, each as it was encoded. */
interface SignatureParts {
  /** The ContentInfo, without padding. */
  readonly encoded: Uint8Array
  /** The type of the ContentInfo. */
  readonly type: Uint8Array
  /** What precedes the signers in SignedData, and the unsigned attributes in SignerInfo. */
  readonly beforeSigners: readonly Uint8Array[]
  readonly beforeUnsigned: readonly Uint8Array[]
  /** The unsigned attributes but those with nested signatures, and the nested signatures. */
  readonly unsigned: readonly Uint8Array[]
  readonly nested: readonly Uint8Array[]
}

function takeApart(signature: Uint8Array): SignatureParts {
  const outer = new DerReader(signature, code)
  const whole = outer.take(0x30, 'the existing signature')
  const contentInfo = outer.inside(whole)
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
  const attributes = last?.tag === 0xa1 ? signer.inside(last).rest(elementLimit, 'unsigned attributes') : []
  const unsigned = attributes.map(({ encoded }) => ({ encoded, nested: nestedIn(encoded) }))
  return {
    encoded: whole.encoded,
    type,
    beforeSigners: fields.slice(0, -1).map(({ encoded }) => encoded),
    beforeUnsigned: (last?.tag === 0xa1 ? signerFields.slice(0, -1) : signerFields).map(({ encoded }) => encoded),
    unsigned: unsigned.filter(({ nested }) => nested === undefined).map(({ encoded }) => encoded),
    nested: unsigned.flatMap(({ nested }) => nested ?? []),
  }
}

/** The nested signatures in an unsigned attribute; `undefined` when it is another attribute. */
function nestedIn(encoded: Uint8Array): readonly Uint8Array[] | undefined {
  const attribute = new DerReader(encoded, code).enter(0x30, 'an unsigned attribute')
  if (attribute.objectIdentifier('the type of an unsigned attribute') !== objectIdentifiers.spcNestedSignature)
    return undefined
  const values = attribute.enter(0x31, 'the nested signatures')
  return values.rest(elementLimit, 'the nested signatures').map((value) => value.encoded)
}

function putTogether(parts: SignatureParts, unsigned: readonly Uint8Array[]): Uint8Array {
  const attributes = unsigned.length === 0 ? [] : [der.context(1, ...unsigned)]
  const signer = der.sequence(...parts.beforeUnsigned, ...attributes)
  return der.sequence(parts.type, der.context(0, der.sequence(...parts.beforeSigners, der.setOf(signer))))
}
