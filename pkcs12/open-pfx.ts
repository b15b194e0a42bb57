import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { authenticate } from './authentication.ts'
import { BerReader, tags } from './ber-reader.ts'
import { decrypt } from './decryption.ts'
import { KeyDerivation } from './key-derivation.ts'
import { malformed, Pkcs12Error, unsupported } from './pkcs12-error.ts'

/** The largest file that is read, in bytes: a key and its chain take a few thousand. */
export const largestPfx = 256 * 1024

/** More than any such file has. */
const mostContents = 32
const mostBags = 128
const deepestBags = 3

/** A private key and the certificates beside it, as a PKCS #12 file holds them. */
export type OpenedPfx = {
  /** DER PrivateKeyInfo (RFC 5208), for the caller alone: to be overwritten with zeros after use. */
  readonly privateKey: Buffer
  /** DER SubjectPublicKeyInfo of it. */
  readonly publicKey: Buffer
  /** DER certificates, those for the key first. */
  readonly certificates: readonly Buffer[]
}

/** Object identifiers, as the hexadecimal content octets of their encoding. */
const identifiers = {
  data: '2a864886f70d010701',
  encryptedData: '2a864886f70d010706',
  keyBag: '2a864886f70d010c0a0101',
  shroudedKeyBag: '2a864886f70d010c0a0102',
  certificateBag: '2a864886f70d010c0a0103',
  nestedBag: '2a864886f70d010c0a0106',
  x509Certificate: '2a864886f70d01091601',
} as const

/** What the bags of a file hold. */
type Contents = { readonly keys: Buffer[]; readonly certificates: Buffer[]; bags: number }

/**
 * Opens a PKCS #12 file (RFC 7292) with its password and takes out the one private key and all certificates. Reads what
 * OpenSSL, Windows and Java write: PBES2, 3DES and RC2; MACs by PKCS #12 and PBMAC1 (RFC 9579). The work that a file can cause is
 * bounded.
 *
 * @throws Pkcs12Error, which names nothing of what is inside
 */
export async function openPfx(file: Uint8Array, password: string): Promise<OpenedPfx> {
  if (file.length > largestPfx)
    throw new Pkcs12Error(
      'PFX_TOO_LARGE',
      `A PKCS #12 file has at most ${largestPfx} bytes; this one has ${file.length}.`,
    )
  const keys = new KeyDerivation(password)
  const contents: Contents = { keys: [], certificates: [], bags: 0 }
  try {
    for (const safe of await safesOf(file, keys)) await readContent(safe, keys, contents)
    return select(contents)
  } finally {
    for (const key of contents.keys) key.fill(0)
  }
}

/** The ContentInfos of the file, once its MAC is right (RFC 7292 §4). */
async function safesOf(file: Uint8Array, keys: KeyDerivation): Promise<readonly BerReader[]> {
  const whole = new BerReader(file)
  const pfx = whole.enter(tags.sequence, 'the file')
  if (whole.hasMore()) throw malformed('something follows behind its end')
  if (pfx.smallInteger('the version') !== 3) throw unsupported('another version than 3')
  const contentInfo = pfx.enter(tags.sequence, 'the content')
  if (contentInfo.objectIdentifier('the type of the content') !== identifiers.data)
    throw unsupported('a signature instead of a password')
  const content = contentInfo.enter(tags.explicit0, 'the content').octets('the content')
  if (pfx.hasMore()) await authenticate(keys, pfx.enter(tags.sequence, 'the MAC'), content)
  return new BerReader(content).enter(tags.sequence, 'the list of contents').sequences(mostContents, 'contents')
}

async function readContent(contentInfo: BerReader, keys: KeyDerivation, contents: Contents): Promise<void> {
  const type = contentInfo.objectIdentifier('the type of a content')
  const content = contentInfo.enter(tags.explicit0, 'a content')
  if (type === identifiers.data) return readBags(content.octets('a content'), keys, contents)
  if (type !== identifiers.encryptedData) throw unsupported('an encryption by certificates')
  const encryptedData = content.enter(tags.sequence, 'the encrypted data')
  encryptedData.smallInteger('the version of the encrypted data')
  const encrypted = encryptedData.enter(tags.sequence, 'the encrypted content')
  encrypted.objectIdentifier('the type of the encrypted content')
  const algorithm = encrypted.enter(tags.sequence, 'the encryption')
  const bags = await decrypt(keys, algorithm, encrypted.implicitOctets('the encrypted content'))
  try {
    await readBags(bags, keys, contents)
  } finally {
    bags.fill(0)
  }
}

/** RFC 7292 §4.2. What is no key and no certificate is passed over. */
async function readBags(encoded: Uint8Array, keys: KeyDerivation, contents: Contents, depth = 1): Promise<void> {
  if (depth > deepestBags) throw malformed(`its bags are nested deeper than ${deepestBags} levels`)
  for (const bag of new BerReader(encoded).enter(tags.sequence, 'the bags').sequences(mostBags, 'bags')) {
    if (++contents.bags > mostBags) throw malformed(`it has more than ${mostBags} bags`)
    const type = bag.objectIdentifier('the type of a bag')
    const value = bag.take(tags.explicit0, 'a bag').content
    switch (type) {
      case identifiers.keyBag:
        contents.keys.push(Buffer.from(value))
        break
      case identifiers.shroudedKeyBag: {
        const shrouded = new BerReader(value).enter(tags.sequence, 'an encrypted key')
        const algorithm = shrouded.enter(tags.sequence, 'the encryption of a key')
        contents.keys.push(await decrypt(keys, algorithm, shrouded.octets('an encrypted key')))
        break
      }
      case identifiers.certificateBag: {
        const certificate = new BerReader(value).enter(tags.sequence, 'a certificate')
        if (certificate.objectIdentifier('the type of a certificate') === identifiers.x509Certificate)
          contents.certificates.push(
            Buffer.from(certificate.enter(tags.explicit0, 'a certificate').octets('a certificate')),
          )
        break
      }
      case identifiers.nestedBag:
        await readBags(value, keys, contents, depth + 1)
        break
    }
  }
}

/** The one key, and the certificates with those for it first: their order in a file says nothing. */
function select({ keys, certificates }: Contents): OpenedPfx {
  const [privateKey, ...others] = keys.map(readKey)
  if (privateKey === undefined)
    throw new Pkcs12Error('PFX_NO_KEY', 'The PKCS #12 file holds no private key, only certificates.')
  const publicKey = publicKeyOf(privateKey)
  if (others.some((other) => !publicKeyOf(other).equals(publicKey)))
    throw new Pkcs12Error(
      'PFX_SEVERAL_KEYS',
      `The PKCS #12 file holds ${keys.length} private keys. Export the one that is meant by itself.`,
    )
  refuseUnusable(privateKey)
  const isOurs = (der: Buffer) => publicKeyOfCertificate(der).equals(publicKey)
  const ours = certificates.filter(isOurs)
  if (ours.length === 0)
    throw new Pkcs12Error(
      'PFX_NO_CERTIFICATE',
      `None of the ${certificates.length} certificates in the PKCS #12 file is for its private key.`,
    )
  return {
    // Written anew, which leaves out attributes that programs add and HSMs do not read.
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }),
    publicKey,
    certificates: [...ours, ...certificates.filter((der) => !isOurs(der))],
  }
}

function readKey(pkcs8: Buffer): KeyObject {
  try {
    return createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
  } catch {
    // The cause could quote the key.
    throw malformed('its private key cannot be read')
  }
}

function publicKeyOf(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'spki', format: 'der' })
}

function publicKeyOfCertificate(der: Buffer): Buffer {
  try {
    return new X509Certificate(der).publicKey.export({ type: 'spki', format: 'der' })
  } catch (error) {
    throw malformed('a certificate in it cannot be read', error)
  }
}

const lengths: readonly number[] = [2048, 3072, 4096]
const curves: readonly string[] = ['prime256v1', 'secp384r1', 'secp521r1']

/** What signs code: RSA of 2048, 3072 or 4096 bits, P-256, P-384 and P-521. */
function refuseUnusable({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): void {
  const { modulusLength = 0, publicExponent = 0n, namedCurve = '' } = asymmetricKeyDetails ?? {}
  if (asymmetricKeyType === 'rsa') {
    if (modulusLength < 2048 || publicExponent < 65_537n)
      throw new Pkcs12Error(
        'PFX_KEY_WEAK',
        `The RSA key in the PKCS #12 file has ${modulusLength} bits and the exponent ${publicExponent}; 2048 bits and 65537 are the least.`,
      )
    if (lengths.includes(modulusLength)) return
  }
  if (asymmetricKeyType === 'ec' && curves.includes(namedCurve)) return
  const what = asymmetricKeyType === 'rsa' ? `RSA with ${modulusLength} bits` : `${asymmetricKeyType} ${namedCurve}`
  throw new Pkcs12Error(
    'PFX_KEY_UNSUPPORTED',
    `The key in the PKCS #12 file is ${what.trim()}; RSA 2048, 3072 and 4096, P-256, P-384 and P-521 can be imported.`,
  )
}
