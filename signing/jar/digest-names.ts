/** What attributes of manifests and signature files call the hashes that they hold digests of: by the lower-case name before `-Digest`. */
const hashesByName: ReadonlyMap<string, string> = new Map([
  ['md5', 'md5'],
  ['sha', 'sha1'],
  ['sha1', 'sha1'],
  ['sha-1', 'sha1'],
  ['sha224', 'sha224'],
  ['sha-224', 'sha224'],
  ['sha256', 'sha256'],
  ['sha-256', 'sha256'],
  ['sha384', 'sha384'],
  ['sha-384', 'sha384'],
  ['sha512', 'sha512'],
  ['sha-512', 'sha512'],
  ['sha3-256', 'sha3-256'],
  ['sha3-384', 'sha3-384'],
  ['sha3-512', 'sha3-512'],
])

const weakHashes: ReadonlySet<string> = new Set(['md5', 'sha1'])

/** Whether a digest by this hash proves nothing any more: Java takes none of these. */
export function isWeakHash(hash: string): boolean {
  return weakHashes.has(hash)
}

/**
 * The hash of an attribute's digest, as OpenSSL names it.
 *
 * @param suffix `-Digest`, `-Digest-Manifest` or `-Digest-Manifest-Main-Attributes`
 * @returns `undefined` when the attribute is no such digest, or by a hash that is not known
 */
export function hashOfAttribute(name: string, suffix: string): string | undefined {
  const folded = name.toLowerCase()
  return folded.endsWith(suffix.toLowerCase()) ? hashesByName.get(folded.slice(0, -suffix.length)) : undefined
}

/** Whether an attribute belongs to a signature: it goes when that is replaced. */
export function isDigestAttribute(name: string): boolean {
  return /-digest(?:-[a-z0-9_-]+)?$|^digest-algorithms$/i.test(name)
}

/** Suffixes of digests' names, behind that of the hash. */
export const digestSuffixes = {
  entry: '-Digest',
  manifest: '-Digest-Manifest',
  mainAttributes: '-Digest-Manifest-Main-Attributes',
} as const
