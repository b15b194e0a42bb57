import type { DerElement, DerReader } from './der-reader.ts'
import * as der from './der-writer.ts'

/** An attribute of a signer (RFC 5652 §5.3): its type and its values, each a whole element. */
export interface Attribute {
  readonly type: string
  readonly values: readonly DerElement[]
  /** The attribute as it was encoded. */
  readonly encoded: Uint8Array
}

/** More would be no signature that anybody makes; the bound keeps hostile input from costing much. */
const limit = 64

/** Attribute with its type and values; values are kept in the given order. */
export function encodeAttribute(type: string, ...values: readonly Uint8Array[]): Uint8Array {
  return der.sequence(der.objectIdentifier(type), der.element(0x31, ...values))
}

/**
 * Reads the attributes inside a SET OF Attribute. A type may occur once, and every attribute has a value
 * (RFC 5652 §5.3 and §11).
 */
export function readAttributes(reader: DerReader, what: string): readonly Attribute[] {
  const types = new Set<string>()
  return reader.rest(limit, what).map((element) => {
    if (element.tag !== 0x30) throw reader.fault(`every one of the ${what} must be a SEQUENCE`)
    const fields = reader.inside(element)
    const type = fields.objectIdentifier(`type of one of the ${what}`)
    const set = fields.enter(0x31, `values of ${type} in the ${what}`)
    const values = set.rest(limit, `values of ${type} in the ${what}`)
    fields.end(`${type} in the ${what}`)
    if (values.length === 0) throw fields.fault(`${type} in the ${what} has no value`)
    if (types.has(type)) throw fields.fault(`${type} occurs twice in the ${what}`)
    types.add(type)
    return { type, values, encoded: element.encoded }
  })
}
