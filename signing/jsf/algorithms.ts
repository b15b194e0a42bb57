import type { DirectiveOrder, HashAlgorithm, KeyAlgorithm } from '../../domain/index.ts'
import type { RsaPadding } from '../detached/attributes.ts'
import { SigningError } from '../signing-error.ts'

/** A signature algorithm of JSON Web Algorithms (RFC 7518 §3.1) that JSF takes. */
export type JsfAlgorithm = {
  readonly name: string
  readonly hash: HashAlgorithm
  /** For RSA keys alone. */
  readonly padding: RsaPadding
  /** The curve's name in OpenSSL, for EC keys alone: each hash has its curve. */
  readonly curve: string | undefined
}

const curves = { sha256: 'prime256v1', sha384: 'secp384r1', sha512: 'secp521r1' } as const
const keysOfHashes = { sha256: 'ec-p256', sha384: 'ec-p384', sha512: 'ec-p521' } as const
const bits = { sha256: '256', sha384: '384', sha512: '512' } as const
const hashes = ['sha256', 'sha384', 'sha512'] as const

/** Every algorithm, by name. */
export const jsfAlgorithms: ReadonlyMap<string, JsfAlgorithm> = new Map(
  hashes
    .flatMap((hash): JsfAlgorithm[] => [
      { name: `RS${bits[hash]}`, hash, padding: 'pkcs1', curve: undefined },
      { name: `PS${bits[hash]}`, hash, padding: 'pss', curve: undefined },
      { name: `ES${bits[hash]}`, hash, padding: null, curve: curves[hash] },
    ])
    .map((algorithm) => [algorithm.name, algorithm]),
)

/** What a key's signatures are called. */
export function jsfAlgorithmName(keyAlgorithm: KeyAlgorithm, hash: HashAlgorithm, padding: RsaPadding): string {
  const kind = keyAlgorithm.startsWith('ec-') ? 'ES' : padding === 'pss' ? 'PS' : 'RS'
  return `${kind}${bits[hash]}`
}

/**
 * An EC key signs with the hash of its curve alone: JSON Web Algorithms have no name for anything else.
 *
 * @throws SigningError `JSF_HASH_UNSUITABLE`
 */
export function requireHashOfCurve(attributes: DirectiveOrder['attributes'], keyAlgorithm: KeyAlgorithm): void {
  const wanted = hashes.find((hash) => keysOfHashes[hash] === keyAlgorithm)
  if (wanted === undefined || attributes['hash-algorithm'] === wanted) return
  throw new SigningError(
    'JSF_HASH_UNSUITABLE',
    `The policy's key is of the type ${keyAlgorithm}, which signs JSON with ${wanted} alone: say hash-algorithm="${wanted}".`,
  )
}
