import { createPublicKey, hash as digestOnce, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import type { HashAlgorithm, KeyAlgorithm } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import type { HashSigningKey, SigningKey } from '../signing-key.ts'

/** Signs whole messages, wherever the key lives. */
export interface MessageSigner {
  readonly algorithm: KeyAlgorithm
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array
  /** That it signs by RSASSA-PSS, with a salt as long as the hash; left out for RSASSA-PKCS1-v1_5, and of EC keys. */
  readonly padding?: 'pss'
  sign(hash: HashAlgorithm, message: Uint8Array): Promise<Uint8Array>
}

const curves: ReadonlyMap<string, KeyAlgorithm> = new Map([
  ['prime256v1', 'ec-p256'],
  ['secp384r1', 'ec-p384'],
  ['secp521r1', 'ec-p521'],
])
const moduli: ReadonlyMap<number, KeyAlgorithm> = new Map([
  [2048, 'rsa-2048'],
  [3072, 'rsa-3072'],
  [4096, 'rsa-4096'],
])

const signInThreadPool = promisify<HashAlgorithm, Uint8Array, KeyObject, Buffer>(sign)

/**
 * A signer for a key in a token, or for a private key in memory.
 *
 * @throws SigningError `CMS_KEY_UNSUPPORTED` when a key in memory is neither RSA of 2048, 3072 or 4096 bits nor on P-256,
 * P-384 or P-521
 */
export function messageSignerOf(key: SigningKey | KeyObject): MessageSigner {
  if (!isKeyObject(key))
    return {
      algorithm: key.algorithm,
      publicKey: key.publicKey,
      sign: (hash, message) => key.sign(hash, digestOnce(hash, message, 'buffer')),
    }
  const { namedCurve = '', modulusLength = 0 } = key.asymmetricKeyDetails ?? {}
  const algorithm = key.asymmetricKeyType === 'rsa' ? moduli.get(modulusLength) : curves.get(namedCurve)
  if (key.type !== 'private' || algorithm === undefined)
    throw new SigningError(
      'CMS_KEY_UNSUPPORTED',
      'A signing key must be a private RSA key of 2048, 3072 or 4096 bits or one on P-256, P-384 or P-521.',
    )
  return {
    algorithm,
    publicKey: createPublicKey(key).export({ type: 'spki', format: 'der' }),
    sign: (hash, message) => signInThreadPool(hash, message, key),
  }
}

/** A signer by RSASSA-PSS for an RSA key in a token. What it makes is not verified. */
export function pssSignerOf(key: SigningKey & HashSigningKey): MessageSigner {
  return {
    algorithm: key.algorithm,
    publicKey: key.publicKey,
    padding: 'pss',
    async sign(hash, message) {
      const [signature] = await key.signHashes({ scheme: 'pss', hash }, [digestOnce(hash, message, 'buffer')])
      if (signature === undefined) throw new Error('The key answered without a signature.')
      return signature
    },
  }
}

function isKeyObject(key: SigningKey | KeyObject): key is KeyObject {
  return 'asymmetricKeyType' in key
}
