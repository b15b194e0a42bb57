import { createHash, createPublicKey } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import { type AttributeTypeAndValue, Name } from '@peculiar/asn1-x509'
import type { CertificateIdentity, IssuedX509Certificate } from '../../domain/index.ts'
import { readCertificateFields } from '../cms/index.ts'
import { readCertificate } from './certificate.ts'

/**
 * A certificate with its chain as events record it, with what updaters, installers and platforms see of it.
 *
 * @param chain DER, leaf first
 * @throws SigningError `X509_MALFORMED`
 */
export function issuedCertificate(chain: readonly Uint8Array[]): IssuedX509Certificate {
  const [leaf = new Uint8Array(), issuer = leaf] = chain
  const { thumbprintSha256, subject, issuer: issuerName, serialNumber, notBefore, notAfter } = readCertificate(leaf)
  return {
    format: 'x509',
    chain: chain.map((der) => Buffer.from(der).toString('base64')),
    thumbprint: thumbprintSha256,
    subject,
    issuer: issuerName,
    serialNumber,
    notBefore,
    notAfter,
    identity: certificateIdentity(leaf, issuer),
  }
}

/**
 * @param leaf DER
 * @param issuer DER; the leaf itself when it is self-signed
 */
function certificateIdentity(leaf: Uint8Array, issuer: Uint8Array): CertificateIdentity {
  const { subject, issuer: issuerName, publicKey, extendedKeyUsages } = readCertificate(leaf)
  const { subject: encodedSubject } = readCertificateFields(leaf, 'X509_MALFORMED')
  return {
    subject,
    subjectEncoding: Buffer.from(encodedSubject).toString('hex'),
    issuer: issuerName,
    issuingKey: sha256(readCertificate(issuer).publicKey),
    key: sha256(publicKey),
    extendedKeyUsages: [...extendedKeyUsages].sort(),
    publicKeyToken: publicKeyToken(publicKey),
    appxPublisher: windowsNameText(encodedSubject),
  }
}

/**
 * The strong name token of an RSA key, as ClickOnce manifests name it: the last eight bytes, in reverse, of the SHA-1 of the
 * key as a strong name's PublicKeyBlob (a header of twelve bytes and CryptoAPI's PUBLICKEYBLOB).
 *
 * @param publicKey DER SubjectPublicKeyInfo
 * @returns 16 hexadecimal digits; `null` for a key that is not RSA
 */
export function publicKeyToken(publicKey: Uint8Array): string | null {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  if (key.asymmetricKeyType !== 'rsa') return null
  const { n = '', e = '' } = key.export({ format: 'jwk' })
  const modulus = Buffer.from(n, 'base64url')
  const blob = Buffer.alloc(20 + modulus.length)
  blob.set([0x06, 0x02, 0, 0])
  // CALG_RSA_SIGN, then the magic of a public key.
  blob.writeUInt32LE(0x2400, 4)
  blob.write('RSA1', 8, 'latin1')
  blob.writeUInt32LE(modulus.length * 8, 12)
  blob.writeUInt32LE(Number(BigInt(`0x${Buffer.from(e, 'base64url').toString('hex')}`)), 16)
  blob.set(modulus.toReversed(), 20)
  const header = Buffer.alloc(12)
  header.writeUInt32LE(0x2400, 0)
  // CALG_SHA1, whatever hash is used elsewhere.
  header.writeUInt32LE(0x8004, 4)
  header.writeUInt32LE(blob.length, 8)
  return createHash('sha1').update(header).update(blob).digest().subarray(-8).reverse().toString('hex')
}

/** Names of attributes as Windows writes them; others are `OID.` and the identifier. */
const windowsNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'S',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'T',
  '2.5.4.13': 'Description',
  '2.5.4.17': 'PostalCode',
  '2.5.4.42': 'G',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'E',
}

/** A name as Windows writes it, and as the manifests of its packages must: the particular first, quoted where needed. */
function windowsNameText(encoded: Uint8Array): string {
  return [...AsnConvert.parse(encoded, Name)]
    .reverse()
    .map((relative) => [...relative].map(attributeText).join(' + '))
    .join(', ')
}

function attributeText({ type, value }: AttributeTypeAndValue): string {
  const name = windowsNames[type] ?? `OID.${type}`
  const text = value.anyValue === undefined ? value.toString() : `#${Buffer.from(value.anyValue).toString('hex')}`
  const needsQuotes = text === '' || /[,+="\n<>#;]|^\s|\s$/.test(text)
  return `${name}=${needsQuotes ? `"${text.replaceAll('"', '""')}"` : text}`
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
