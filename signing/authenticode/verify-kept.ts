import { createHash } from 'node:crypto'
import { DerReader, objectIdentifiers } from '../cms/index.ts'
import { SigningError } from '../signing-error.ts'

/** A signature by itself: where it stands, and what it is without those nested in it. */
export interface SeparateSignature {
  /** The ContentInfo, with whatever is nested in it. */
  readonly encoded: Uint8Array
  /** 0 in the table, 1 when it is nested in one of the table, and so on. */
  readonly depth: number
  /** SHA-256, hexadecimal, over the ContentInfo without the signatures nested in it. */
  readonly sha256: string
}

const malformed = 'AUTHENTICODE_MALFORMED'
const elementLimit = 64
/** Bounds what hostile input costs. */
const depthLimit = 8

/**
 * Takes the signatures of a file apart: each entry of the table, followed by those nested in it. Their structure is read
 * as far as that needs, by code that the signing side does not share, and nothing is judged.
 *
 * @param entries a ContentInfo each
 * @throws SigningError `AUTHENTICODE_MALFORMED`
 */
export function separateSignatures(entries: readonly Uint8Array[]): readonly SeparateSignature[] {
  return entries.flatMap((entry) => separate(entry, 0))
}

/**
 * The signatures that were added, of a file that may have had others before: all but the last ones must be those, unchanged and in
 * their order.
 *
 * @param kept SHA-256 of each that was there, as {@link SeparateSignature} counts it
 * @param count how many were added
 * @throws SigningError `AUTHENTICODE_KEPT_SIGNATURE_CHANGED`
 */
export function addedSignatures(
  found: readonly SeparateSignature[],
  kept: readonly string[],
  count: number,
): readonly SeparateSignature[] {
  const [before, added] = [found.slice(0, -count), found.slice(-count)]
  // Nobody looks for signatures deeper than that.
  const areFound = added.length === count && added.every(({ depth }) => depth <= 1)
  if (!areFound || before.length !== kept.length || before.some(({ sha256 }, index) => sha256 !== kept[index]))
    throw new SigningError(
      'AUTHENTICODE_KEPT_SIGNATURE_CHANGED',
      `The file has ${found.length} signatures; it must have ${kept.length + count}, the last of them new (${count}) and the others as they were.`,
    )
  return added
}

function separate(encoded: Uint8Array, depth: number): readonly SeparateSignature[] {
  if (depth > depthLimit) throw new SigningError(malformed, `Signatures are nested more than ${depthLimit} deep.`)
  // The elements on the way to the unsigned attributes are each the last of the one around it.
  const contentInfo = within(encoded, 0x30, 'ContentInfo')
  const explicit = within(contentInfo.last, 0xa0, 'the content of ContentInfo')
  const signedData = within(explicit.last, 0x30, 'SignedData')
  const signerInfos = within(signedData.last, 0x31, 'signerInfos')
  const signerInfo = within(signerInfos.last, 0x30, 'SignerInfo')
  if (signerInfos.before.length > 0 || explicit.before.length > 0)
    throw new SigningError(malformed, 'A signature has one signer.')
  const unsigned = signerInfo.last[0] === 0xa1 ? elementsOf(signerInfo.last, 0xa1, 'the unsigned attributes') : []
  const nested = unsigned.flatMap((attribute) => nestedSignatures(attribute) ?? [])
  const others = unsigned.filter((attribute) => nestedSignatures(attribute) === undefined)
  const rest = others.length > 0 ? [wrapped(0xa1, others)] : []
  const signer = wrapped(0x30, [...signerInfo.before, ...rest])
  const bare = wrapped(0x30, [...signedData.before, wrapped(0x31, [signer])])
  const whole = wrapped(0x30, [...contentInfo.before, wrapped(0xa0, [bare])])
  const sha256 = createHash('sha256')
    .update(nested.length === 0 ? encoded : whole)
    .digest('hex')
  return [{ encoded, depth, sha256 }, ...nested.flatMap((inner) => separate(inner, depth + 1))]
}

/** The elements in a constructed one: the last, and those before it. */
function within(encoded: Uint8Array, tag: number, what: string) {
  const elements = elementsOf(encoded, tag, what)
  const last = elements.at(-1)
  if (last === undefined) throw new SigningError(malformed, `${what} is empty.`)
  return { before: elements.slice(0, -1), last }
}

function elementsOf(encoded: Uint8Array, tag: number, what: string): readonly Uint8Array[] {
  const outer = new DerReader(encoded, malformed)
  const elements = outer.enter(tag, what).rest(elementLimit, what)
  outer.end(what)
  return elements.map((element) => element.encoded)
}

/** The values of an attribute SPC_NESTED_SIGNATURE; `undefined` of another one. */
function nestedSignatures(attribute: Uint8Array): readonly Uint8Array[] | undefined {
  const fields = new DerReader(attribute, malformed).enter(0x30, 'an unsigned attribute')
  if (fields.objectIdentifier('the type of an unsigned attribute') !== objectIdentifiers.spcNestedSignature)
    return undefined
  return fields
    .enter(0x31, 'the nested signatures')
    .rest(elementLimit, 'the nested signatures')
    .map((each) => each.encoded)
}

/** DER of a constructed element (X.690 §8.1, definite and shortest lengths). */
function wrapped(tag: number, elements: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(elements)
  const length: number[] = []
  for (let left = content.length; left > 0; left = Math.floor(left / 256)) length.unshift(left % 256)
  const header = content.length < 0x80 ? [tag, content.length] : [tag, 0x80 + length.length, ...length]
  return Buffer.concat([Buffer.from(header), content])
}
