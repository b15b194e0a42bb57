import { createHash } from 'node:crypto'
import type { HashAlgorithm } from '../../domain/index.ts'
import { SigningError } from '../signing-error.ts'
import { type ComposedManifest, hashNames } from './compose-manifest.ts'
import { digestSuffixes } from './digest-names.ts'
import { attributeLines } from './manifest-lines.ts'

/** Java reads no larger one, unless it is told to (`jdk.jar.maxSignatureFileSize`). */
export const largestSignatureFile = 16_000_000

/**
 * The signature file of a manifest (JAR File Specification, "Signature File"): digests of all of it, of its main section, and of each other
 * section, so that it remains right for what it covers when somebody else adds sections.
 *
 * @throws SigningError `JAR_SIGNATURE_FILE_TOO_LARGE`
 */
export function composeSignatureFile(manifest: ComposedManifest, hash: HashAlgorithm): Buffer {
  const { bytes, mainEnd, sections } = manifest
  const lines = (name: string, value: string) => attributeLines(name, value, '\r\n')
  const digest = (start: number, end: number) => createHash(hash).update(bytes.subarray(start, end)).digest('base64')
  const name = hashNames[hash]
  const parts = [
    lines('Signature-Version', '1.0'),
    lines(`${name}${digestSuffixes.mainAttributes}`, digest(0, mainEnd)),
    lines(`${name}${digestSuffixes.manifest}`, digest(0, bytes.length)),
    lines('Created-By', 'Countersign'),
    Buffer.from('\r\n'),
  ]
  for (const section of sections)
    parts.push(
      lines('Name', section.name),
      lines(`${name}${digestSuffixes.entry}`, digest(section.start, section.end)),
      Buffer.from('\r\n'),
    )
  const file = Buffer.concat(parts)
  if (file.length > largestSignatureFile)
    throw new SigningError(
      'JAR_SIGNATURE_FILE_TOO_LARGE',
      `The archive has ${sections.length} files, for which its signature file would have ${file.length} bytes; Java reads at most ${largestSignatureFile}. Sign archives with fewer files.`,
    )
  return file
}
