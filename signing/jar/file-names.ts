/** The path of the manifest, as it should be written. */
export const manifestPath = 'META-INF/MANIFEST.MF'

/** The folder in which manifest and signatures are. */
export const metaInfPath = 'META-INF/'

/** What a path means to whoever reads signatures of JAR files. Names of the folder and in it are compared without case. */
export type FileRole =
  | { readonly kind: 'manifest' }
  /** `base` is what the files of one signature have in common, in capitals. */
  | { readonly kind: 'signatureFile' | 'signatureBlock'; readonly base: string }
  /** Belongs to a signature by its name, and nobody reads it: `SIG-…` (JAR File Specification, "Signature Related Files"). */
  | { readonly kind: 'otherSignature' }
  | { readonly kind: 'content' }

/**
 * The role of an entry by its name (JAR File Specification, "Signed JAR File"). Files in folders below `META-INF` are content, whatever they
 * are called.
 */
export function roleOf(name: string): FileRole {
  const folded = name.toUpperCase()
  if (!folded.startsWith(metaInfPath) || folded.includes('/', metaInfPath.length)) return { kind: 'content' }
  const file = folded.slice(metaInfPath.length)
  if (file === 'MANIFEST.MF') return { kind: 'manifest' }
  const [, base, extension] = /^(.*)\.(SF|DSA|RSA|EC)$/s.exec(file) ?? []
  if (base !== undefined) return { kind: extension === 'SF' ? 'signatureFile' : 'signatureBlock', base }
  if (/^SIG-(?:[^.]*|.*\.[A-Z0-9]{1,3})$/s.test(file)) return { kind: 'otherSignature' }
  return { kind: 'content' }
}
