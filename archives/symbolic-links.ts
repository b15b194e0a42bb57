import { crc32 } from 'node:zlib'
import { type ArchiveError, entryError } from './archive-error.ts'
import { inflateWhole } from './inflate.ts'
import type { ReadAt } from './positioned-reader.ts'
import { method } from './zip-entry.ts'

/** The longest text that a symbolic link has on any usual system. */
const longestTarget = 4096

/** What is known of a link's entry. */
export interface LinkEntry {
  readonly name: string
  readonly path: string
  readonly method: number
  readonly crc32: number
  readonly dataStart: number
  readonly compressedSize: number
  readonly size: number
}

/**
 * Requires that a symbolic link leads to a place in the archive's folder, wherever other links lead. Parts that lead up may only come
 * first: there they leave folders, since no entry lies below a link; behind a name they could leave where another link leads.
 *
 * @throws ArchiveError `ARCHIVE_LINK_REFUSED`, `ARCHIVE_METHOD_UNSUPPORTED`
 */
export function requireLinkInside(readAt: ReadAt, entry: LinkEntry): void {
  const refused = (sentence: string) => entryError('ARCHIVE_LINK_REFUSED', entry.name, sentence)
  const target = contentOf(readAt, entry, refused).toString('utf8')
  const parts = target.split(/[\\/]/).filter((part) => part !== '' && part !== '.')
  const ups = parts.findIndex((part) => part !== '..')
  const leading = ups === -1 ? parts.length : ups
  if (target === '' || target.includes('\0') || /^[\\/]|^[a-z]:/i.test(target))
    throw refused('is a symbolic link that leads to an absolute place, or nowhere. Pack it with relative links.')
  if (leading > entry.path.split('/').length - 1)
    throw refused('is a symbolic link that leads out of the archive. Pack it without.')
  if (parts.slice(leading).some((part) => /^[ .]+$/.test(part)))
    throw refused(
      'is a symbolic link that goes down and up again, which another link can lead out. Shorten where it leads.',
    )
}

function contentOf(readAt: ReadAt, entry: LinkEntry, refused: (sentence: string) => ArchiveError): Buffer {
  if (entry.size > longestTarget || entry.compressedSize > longestTarget)
    throw refused(`is a symbolic link whose target has more than ${longestTarget} bytes.`)
  const data = readAt(entry.dataStart, entry.compressedSize)
  const content = entry.method === method.stored ? data : inflated(data, entry, refused)
  if (content.length !== entry.size || crc32(content) !== entry.crc32)
    throw refused('is a symbolic link whose content is not that of its checksum. Pack it again.')
  return content
}

function inflated(data: Buffer, entry: LinkEntry, refused: (sentence: string) => ArchiveError): Buffer {
  if (entry.method !== method.deflated)
    throw entryError(
      'ARCHIVE_METHOD_UNSUPPORTED',
      entry.name,
      `is a symbolic link compressed by method ${entry.method}; stored (0) and deflated (8) ones can be read.`,
    )
  const content = inflateWhole(data, entry.size)
  if (typeof content === 'string') throw refused('is a symbolic link whose data are damaged. Pack it again.')
  return content
}
