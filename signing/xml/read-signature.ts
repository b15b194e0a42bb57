import type { XmlElement } from 'libxml2-wasm'
import { SigningError } from '../signing-error.ts'
import { attributeOf, canonicalForm, childElements, isNamed, numberOf } from './document.ts'
import { canonicalForms, exclusiveCanonicalization } from './identifiers.ts'

/** An algorithm that a signature names, with the prefixes of an exclusive canonical form. */
export type NamedAlgorithm = { readonly algorithm: string; readonly prefixes: readonly string[] }

/** A signature as it is written, each value as text. */
export type XmlSignature = {
  readonly canonicalization: NamedAlgorithm
  readonly signatureMethod: string
  /** What it refers to; `undefined` where it says nothing. */
  readonly uri: string | undefined
  readonly transforms: readonly NamedAlgorithm[]
  readonly digestMethod: string
  readonly digest: Buffer
  readonly value: Buffer
  /** DER, in their order. */
  readonly certificates: readonly Buffer[]
  /** The octets that were signed; `undefined` for a canonical form that is not known. */
  readonly signedOctets: string | undefined
  /** What stands in it beside what a signature of one reference needs: a text for each. */
  readonly extras: readonly string[]
}

/** As many certificates are read. */
const mostCertificates = 32

/**
 * Reads a signature of one reference (XML Signature 1.1, §4). Exactly one of everything: what a second reader could find in a second
 * place is an error.
 *
 * @param element a `Signature` of a document in memory
 * @throws SigningError `XML_SIGNATURE_MALFORMED`
 */
export function readSignature(element: XmlElement): XmlSignature {
  const extras: string[] = []
  noteAttributes(element, [], extras)
  const [signedInfo, value, ...others] = onlyElements(element, extras)
  if (signedInfo === undefined || !isNamed(signedInfo, 'SignedInfo')) throw missing('SignedInfo', 'first in Signature')
  if (value === undefined || !isNamed(value, 'SignatureValue')) throw missing('SignatureValue', 'behind SignedInfo')
  const [method, signatureMethod, reference, ...more] = onlyElements(signedInfo, extras)
  noteAttributes(signedInfo, [], extras)
  if (method === undefined || !isNamed(method, 'CanonicalizationMethod'))
    throw missing('CanonicalizationMethod', 'first in SignedInfo')
  if (signatureMethod === undefined || !isNamed(signatureMethod, 'SignatureMethod'))
    throw missing('SignatureMethod', 'behind CanonicalizationMethod')
  if (reference === undefined || !isNamed(reference, 'Reference')) throw missing('Reference', 'behind SignatureMethod')
  if (more.length > 0) throw malformed('SignedInfo must have one Reference, and nothing behind it')
  if (childElements(signatureMethod).length > 0) extras.push('parameters of SignatureMethod')
  const canonicalization = namedAlgorithm(method, extras)
  const form = canonicalForms.get(canonicalization.algorithm)
  return {
    canonicalization,
    signatureMethod: algorithmOf(signatureMethod),
    ...readReference(reference, extras),
    value: base64(value, extras),
    certificates: readKeyInfo(others, extras),
    signedOctets: form && canonicalForm(signedInfo, form, canonicalization.prefixes),
    extras,
  }
}

function readReference(reference: XmlElement, extras: string[]) {
  noteAttributes(reference, ['URI'], extras)
  const parts = [...onlyElements(reference, extras)]
  const transforms = parts[0] !== undefined && isNamed(parts[0], 'Transforms') ? parts.shift() : undefined
  const [digestMethod, digest, ...more] = parts
  if (digestMethod === undefined || !isNamed(digestMethod, 'DigestMethod'))
    throw missing('DigestMethod', 'in Reference')
  if (digest === undefined || !isNamed(digest, 'DigestValue') || more.length > 0)
    throw missing('DigestValue', 'last in Reference')
  const named = transforms === undefined ? [] : onlyElements(transforms, extras)
  if (named.some((each) => !isNamed(each, 'Transform'))) throw malformed('Transforms must have nothing but Transform')
  return {
    uri: attributeOf(reference, 'URI'),
    transforms: named.map((each) => namedAlgorithm(each, extras)),
    digestMethod: algorithmOf(digestMethod),
    digest: base64(digest, extras),
  }
}

/** Certificates of a KeyInfo; other ways of naming a key are noted, and so are Objects. */
function readKeyInfo(elements: readonly XmlElement[], extras: string[]): readonly Buffer[] {
  const certificates: Buffer[] = []
  for (const [index, element] of elements.entries()) {
    if (index > 0 || !isNamed(element, 'KeyInfo')) {
      extras.push(element.name)
      continue
    }
    noteAttributes(element, [], extras)
    for (const part of onlyElements(element, extras)) {
      if (!isNamed(part, 'X509Data')) extras.push(part.name)
      else
        for (const each of onlyElements(part, extras)) {
          if (!isNamed(each, 'X509Certificate')) extras.push(each.name)
          else if (certificates.push(base64(each, extras)) > mostCertificates)
            throw malformed(`KeyInfo has more than ${mostCertificates} certificates`)
        }
    }
  }
  return certificates
}

function namedAlgorithm(element: XmlElement, extras: string[]): NamedAlgorithm {
  const algorithm = algorithmOf(element)
  const [inclusive, ...others] = childElements(element)
  const isPrefixList = inclusive?.name === 'InclusiveNamespaces' && inclusive.namespaceUri === exclusiveCanonicalization
  if (inclusive !== undefined && (!isPrefixList || others.length > 0)) extras.push(`parameters of ${element.name}`)
  const list = isPrefixList ? (attributeOf(inclusive, 'PrefixList') ?? '') : ''
  return { algorithm, prefixes: list.split(/\s+/).filter((prefix) => prefix !== '') }
}

function algorithmOf(element: XmlElement): string {
  const algorithm = attributeOf(element, 'Algorithm')
  if (algorithm === undefined) throw malformed(`${element.name} has no Algorithm`)
  return algorithm
}

/** The elements of one that has nothing else; white space, comments and the like are noted. */
function onlyElements(parent: XmlElement, extras: string[]): readonly XmlElement[] {
  if (numberOf(parent, 'count(comment() | processing-instruction() | text()[normalize-space() != ""])') > 0)
    extras.push(`text, comments or instructions in ${parent.name}`)
  return childElements(parent)
}

function noteAttributes(element: XmlElement, known: readonly string[], extras: string[]): void {
  for (const { name } of element.attrs)
    if (!known.includes(name)) extras.push(`the attribute ${name} of ${element.name}`)
}

/** The only text of an element: a comment in it would be read by one and not by the other. */
function base64(element: XmlElement, extras: string[]): Buffer {
  noteAttributes(element, [], extras)
  if (numberOf(element, 'count(text())') !== 1 || numberOf(element, 'count(node())') !== 1)
    throw malformed(`${element.name} must hold text, and nothing else`)
  const text = element.content.replaceAll(/[\t\n\r ]/g, '')
  const bytes = Buffer.from(text, 'base64')
  if (text === '' || bytes.toString('base64') !== text) throw malformed(`${element.name} is not Base64`)
  return bytes
}

function missing(name: string, where: string): SigningError {
  return malformed(`${name} must stand ${where}`)
}

function malformed(what: string): SigningError {
  return new SigningError('XML_SIGNATURE_MALFORMED', `The XML signature cannot be read: ${what}.`)
}
