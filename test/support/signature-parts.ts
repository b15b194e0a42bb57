import { DerReader, der } from '../../signing/cms/index.ts'

/** A signature in pieces, each as it was encoded. */
export interface SignatureParts {
  readonly type: Uint8Array
  /** What precedes the signers in SignedData. */
  readonly before: readonly Uint8Array[]
  /** The fields of its only signer. */
  readonly signer: readonly Uint8Array[]
  readonly unsigned: readonly Uint8Array[]
}

/** Takes a ContentInfo with SignedData apart. */
export function signatureParts(contentInfo: Uint8Array): SignatureParts {
  const outer = new DerReader(contentInfo, 'TEST').enter(0x30, 'ContentInfo')
  const type = outer.take(0x06, 'type').encoded
  const fields = outer.enter(0xa0, 'content').enter(0x30, 'SignedData').rest(10, 'SignedData')
  const signers = new DerReader(fields.at(-1)?.content ?? new Uint8Array(), 'TEST')
  const signer = signers.enter(0x30, 'SignerInfo').rest(10, 'SignerInfo')
  const last = signer.at(-1)
  const unsigned = last?.tag === 0xa1 ? new DerReader(last.content, 'TEST').rest(100, 'attributes') : []
  return {
    type,
    before: fields.slice(0, -1).map(({ encoded }) => encoded),
    signer: signer.map(({ encoded }) => encoded),
    unsigned: unsigned.map(({ encoded }) => encoded),
  }
}

/** A signature with other unsigned attributes. */
export function withUnsigned(contentInfo: Uint8Array, attributes: readonly Uint8Array[]): Uint8Array {
  const { type, before, signer } = signatureParts(contentInfo)
  const fields = signer.filter((field) => field[0] !== 0xa1)
  const info = der.sequence(...fields, der.context(1, ...attributes))
  return der.sequence(type, der.context(0, der.sequence(...before, der.element(0x31, info))))
}

/** The signatures that are nested in a signature. */
export function nestedIn(contentInfo: Uint8Array): readonly Uint8Array[] {
  return signatureParts(contentInfo).unsigned.flatMap((attribute) => {
    const fields = new DerReader(attribute, 'TEST').enter(0x30, 'attribute')
    if (fields.objectIdentifier('type') !== '1.3.6.1.4.1.311.2.4.1') return []
    return fields
      .enter(0x31, 'values')
      .rest(100, 'values')
      .map(({ encoded }) => encoded)
  })
}
