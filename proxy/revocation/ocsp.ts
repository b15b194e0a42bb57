import { createHash } from 'node:crypto'
import {
  type DerElement,
  DerReader,
  der,
  hasStrongKey,
  isSignedByKeyOf,
  isStronglySigned,
  keyUsages,
  objectIdentifiers,
  readExtendedKeyUsages,
  readKeyUsage,
} from '../../signing/cms/index.ts'
import { type Certificate, malformedCertificate, readCertificate, serialText } from '../certificates/certificate.ts'
import { comparableName, readName } from '../certificates/names.ts'
import { isSignedBy } from './signatures.ts'

/** What a responder says of a certificate. Moments are milliseconds since 1970. */
export type OcspAnswer = {
  readonly status: 'good' | 'revoked' | 'unknown'
  readonly thisUpdate: number
  /** `undefined`: newer ones can be had at any time. */
  readonly nextUpdate: number | undefined
}

const code = 'PROXY_OCSP_MALFORMED'
const ocspSigning = '1.3.6.1.5.5.7.3.9'
const basicResponse = '1.3.6.1.5.5.7.48.1.1'
const statuses: Readonly<Record<number, OcspAnswer['status']>> = { 128: 'good', 161: 'revoked', 130: 'unknown' }
/** More answers and certificates than any response has. */
const mostElements = 32

/** What identifies a certificate to a responder: SHA-1 of its issuer's name and key, as all responders know it (RFC 6960 §4.1.1). */
function certificateId(certificate: Certificate, issuer: Certificate): Uint8Array {
  const sha1 = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest()
  return der.sequence(
    der.sequence(der.objectIdentifier(objectIdentifiers.sha1), der.nullValue()),
    der.octetString(sha1(certificate.issuer)),
    der.octetString(sha1(keyBits(issuer))),
    der.element(0x02, certificate.serialNumber),
  )
}

/** An OCSP request about one certificate (RFC 6960 §4.1). */
export function ocspRequest(certificate: Certificate, issuer: Certificate): Uint8Array {
  return der.sequence(der.sequence(der.sequence(der.sequence(certificateId(certificate, issuer)))))
}

/** Where a certificate says that its responder is (RFC 5280 §4.2.2.1): the first http address. */
export function responderOf({ extensions }: Certificate): string | undefined {
  const extension = extensions.get('1.3.6.1.5.5.7.1.1')
  if (extension === undefined) return undefined
  const outer = new DerReader(extension.value, malformedCertificate)
  const list = outer.enter(0x30, 'the access to the authority')
  return list.rest(mostElements, 'the access to the authority').flatMap((element) => {
    const access = list.inside(element)
    const method = access.objectIdentifier('the method of an access')
    const { tag, content } = access.takeAny('the place of an access')
    const address = Buffer.from(content).toString('latin1')
    return method === '1.3.6.1.5.5.7.48.1' && tag === 0x86 && /^https?:\/\//i.test(address) ? [address] : []
  })[0]
}

/**
 * Reads a response, and believes it when it is signed by the issuer of the certificate itself, or by a responder whom that issuer
 * gave a certificate for it that is valid now (RFC 6960 §4.2.2.2).
 *
 * @param now milliseconds since 1970
 * @returns why it is not believed, else what it says
 * @throws SigningError `PROXY_OCSP_MALFORMED`
 */
export function readOcspResponse(
  response: Uint8Array,
  certificate: Certificate,
  issuer: Certificate,
  now: number,
): OcspAnswer | { readonly fault: string } {
  const outer = new DerReader(response, code)
  const whole = outer.enter(0x30, 'the response')
  const status = whole.take(0x0a, 'the status of the response').content[0]
  if (status !== 0) return { fault: `the responder answers with the error ${status}` }
  const bytes = whole.enter(0xa0, 'the response').enter(0x30, 'the response')
  if (bytes.objectIdentifier('the type of the response') !== basicResponse)
    return { fault: 'the response is of an unknown type' }
  const content = bytes.take(0x04, 'the response').content
  const basic = new DerReader(content, code).enter(0x30, 'the response')
  const body = basic.take(0x30, 'the body of the response')
  const algorithm = basic.take(0x30, 'the signature algorithm of the response').encoded
  const signature = basic.bitString('the signature of the response')
  const sent = basic.takeOptional(0xa0, 'the certificates of the response')
  const certificates = sent === undefined ? [] : certificatesIn(basic.inside(sent))
  const signed = { algorithm, bytes: body.encoded, signature }
  const signers = [issuer, ...certificates.filter((candidate) => isEntitled(candidate, issuer, now))]
  const { responder, answers } = readBody(basic.inside(body))
  const signer = signers.find((candidate) => isNamed(candidate, responder) && isMadeBy(candidate, signed))
  if (signer === undefined)
    return {
      fault: 'the response is signed neither by the issuer nor by a responder that it entitles and that is valid now',
    }
  const wanted = Buffer.from(certificateId(certificate, issuer))
  const answer = answers.find(({ identifier }) => isSameId(identifier, wanted))
  if (answer === undefined) return { fault: 'the response is about another certificate' }
  return answer
}

function isEntitled(candidate: Certificate, issuer: Certificate, now: number): boolean {
  if (candidate.comparableIssuer !== issuer.comparableSubject) return false
  if (now < candidate.notBefore.getTime() || now > candidate.notAfter.getTime()) return false
  const { usages } = readExtendedKeyUsages(candidate, malformedCertificate)
  const usage = readKeyUsage(candidate, malformedCertificate)
  if (usages?.includes(ocspSigning) !== true) return false
  if (usage !== undefined && (usage & (keyUsages.digitalSignature | keyUsages.contentCommitment)) === 0) return false
  return (
    isStronglySigned(candidate, malformedCertificate) && hasStrongKey(candidate) && isSignedByKeyOf(candidate, issuer)
  )
}

function isMadeBy(candidate: Certificate, signed: Parameters<typeof isSignedBy>[1]): boolean {
  const key = candidate.opened()?.key
  return key !== undefined && isSignedBy(key, signed, code)
}

type Responder = { readonly name: string } | { readonly keyHash: Uint8Array }

function isNamed(candidate: Certificate, responder: Responder): boolean {
  if ('name' in responder) return candidate.comparableSubject === responder.name
  return Buffer.compare(createHash('sha1').update(keyBits(candidate)).digest(), responder.keyHash) === 0
}

function readBody(body: DerReader) {
  body.takeOptional(0xa0, 'the version of the response')
  const id = body.takeAny('the responder')
  const responder: Responder =
    id.tag === 0xa1
      ? { name: comparableName(readName(id.content, code)) }
      : { keyHash: body.inside(id).take(0x04, 'the responder').content }
  body.take(0x18, 'the time of the response')
  const list = body.enter(0x30, 'the answers')
  const answers = list.rest(mostElements, 'the answers').map((element) => {
    const answer = list.inside(element)
    const identifier = answer.take(0x30, 'the certificate of an answer')
    const status = statuses[answer.takeAny('the status of a certificate').tag]
    if (status === undefined) throw answer.fault('the status of a certificate is none')
    const thisUpdate = answer.time('thisUpdate of an answer').getTime()
    const next = answer.takeOptional(0xa0, 'nextUpdate of an answer')
    const nextUpdate = next === undefined ? undefined : answer.inside(next).time('nextUpdate of an answer').getTime()
    return { identifier, status, thisUpdate, nextUpdate }
  })
  return { responder, answers }
}

/** Compares the hashes and the number; the algorithm's parameters are absent with some responders. */
function isSameId(found: DerElement, wanted: Uint8Array): boolean {
  const parts = (encoded: Uint8Array) => {
    const id = new DerReader(encoded, code).enter(0x30, 'the certificate of an answer')
    const algorithm = id.enter(0x30, 'the hash of an answer').objectIdentifier('the hash of an answer')
    const [name, key] = [id.take(0x04, 'the issuer of an answer'), id.take(0x04, 'the key of an answer')]
    const hex = (content: Uint8Array) => Buffer.from(content).toString('hex')
    return [
      algorithm,
      hex(name.content),
      hex(key.content),
      serialText(id.integer('the serial number of an answer')),
    ].join()
  }
  return parts(found.encoded) === parts(wanted)
}

function certificatesIn(sent: DerReader): readonly Certificate[] {
  const list = sent.enter(0x30, 'the certificates of the response')
  return list.rest(mostElements, 'the certificates of the response').map(({ encoded }) => readCertificate(encoded))
}

/** The bits of the public key, without what says of which kind it is. */
function keyBits({ publicKey }: Certificate): Uint8Array {
  const reader = new DerReader(publicKey, malformedCertificate).enter(0x30, 'the public key')
  reader.takeAny('the algorithm of the public key')
  return reader.bitString('the public key')
}
