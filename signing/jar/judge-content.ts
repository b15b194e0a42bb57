import type { ExistingSignature } from '../../domain/index.ts'
import type { EntryDigests } from './compose-manifest.ts'
import { digestSuffixes, hashOfAttribute, isWeakHash } from './digest-names.ts'
import type { ManifestSection, ReadManifest } from './manifest-reader.ts'
import type { ReadJarSignature } from './read-existing.ts'

/**
 * What the manifest says of a name, compared with the content of files: `weak` is right by hashes alone that prove nothing any more;
 * `undigested` is a file whose section has no digest; `missing` a section with a digest whose file is not there; `other` one that is about
 * no file.
 */
export type ContentVerdict = 'right' | 'weak' | 'wrong' | 'undigested' | 'missing' | 'other'

/** The known hashes by which a section has digests, each with the digest. */
export function statedDigests({
  attributes,
}: ManifestSection): readonly { readonly hash: string; readonly value: string }[] {
  return attributes.flatMap(({ name, value }) => {
    const hash = hashOfAttribute(name, digestSuffixes.entry)
    return hash === undefined ? [] : [{ hash, value }]
  })
}

/** Compares every section of a manifest with the files of its archive. */
export function judgeContent(
  manifest: ReadManifest,
  files: ReadonlyMap<string, EntryDigests>,
): ReadonlyMap<string, ContentVerdict> {
  return new Map(manifest.sections.map((section) => [section.name, judge(section, files.get(section.name))]))
}

function judge(section: ManifestSection, digests: EntryDigests | undefined): ContentVerdict {
  const stated = statedDigests(section)
  if (digests === undefined) return stated.length > 0 ? 'missing' : 'other'
  if (stated.length === 0) return 'undigested'
  // Digests are compared as they stand: base64 has one form of each.
  if (stated.some(({ hash, value }) => digests.get(hash) !== value)) return 'wrong'
  return stated.every(({ hash }) => isWeakHash(hash)) ? 'weak' : 'right'
}

/**
 * What a plan says of a signature.
 *
 * @param verdicts of the manifest's sections
 * @param files the names of the archive's files
 */
export function existingSignature(
  read: ReadJarSignature,
  outcome: ExistingSignature['outcome'],
  verdicts: ReadonlyMap<string, ContentVerdict>,
  files: ReadonlyMap<string, unknown>,
): ExistingSignature {
  const { place, sha256 } = read
  const placed = { outcome, place, depth: 0, sha256 }
  if (read.kind === 'unreadable') return { kind: 'unreadable', ...placed, reason: read.reason }
  const { verdict, ...signer } = read.signer
  const found = new Map<ContentVerdict, number>()
  for (const name of read.covered) {
    const each = verdicts.get(name) ?? 'missing'
    found.set(each, (found.get(each) ?? 0) + 1)
  }
  const covered = new Set(read.covered)
  const notCovered = [...files.keys()].filter((name) => !covered.has(name)).length
  const count = (which: ContentVerdict) => found.get(which) ?? 0
  const isChanged = !read.fitsManifest || count('wrong') > 0
  return {
    kind: 'signature',
    ...placed,
    ...signer,
    integrity: isChanged ? 'fileChanged' : verdict === 'valid' ? 'intact' : verdict,
    uncovered: [
      ...signer.uncovered,
      ...said(notCovered, 'file', 'that it does not name'),
      ...said(count('undigested'), 'file', 'of which the manifest has no digest'),
      ...said(count('missing'), 'name', 'of which there is no file'),
      ...said(count('weak'), 'file', 'covered by MD5 or SHA-1 alone'),
      ...read.weakHashes.map((hash) => `the manifest, covered by ${hash} alone`),
    ],
  }
}

function said(count: number, what: string, which: string): readonly string[] {
  return count === 0 ? [] : [`${count} ${what}${count === 1 ? '' : 's'} ${which}`]
}
