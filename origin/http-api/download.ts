import { createHash } from 'node:crypto'
import type { Sha256Digest } from '../../domain/index.ts'
import { OriginError } from '../origin-error.ts'

/** What a build system's API says of a file; null where it says nothing. */
export type ExpectedFile = {
  /** How errors name it. */
  readonly what: string
  readonly size: number | null
  readonly sha256: Sha256Digest | null
}

/**
 * Holds the bytes of a download to what the API says of the file. Fewer than there should be are a fault that passes; all of
 * them, and others, are final.
 *
 * @throws OriginError when they are read: `ORIGIN_ARTIFACT_CUT`, passing; `ORIGIN_ARTIFACT_MISMATCH`
 */
export async function* heldBytes(
  bytes: AsyncIterable<Uint8Array>,
  { what, size, sha256 }: ExpectedFile,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256')
  let seen = 0
  for await (const chunk of bytes) {
    seen += chunk.byteLength
    if (size !== null && seen > size) throw mismatch(what, `it has more than ${size} bytes`)
    hash.update(chunk)
    yield chunk
  }
  if (size !== null && seen < size)
    throw new OriginError('ORIGIN_ARTIFACT_CUT', `Of ${what}, ${seen} of ${size} bytes came. It is fetched again.`, {
      isPassing: true,
    })
  const found = hash.digest('hex')
  if (sha256 !== null && found !== sha256) throw mismatch(what, `its SHA-256 is ${found} in place of ${sha256}`)
}

function mismatch(what: string, why: string): OriginError {
  return new OriginError(
    'ORIGIN_ARTIFACT_MISMATCH',
    `${what} is not the file that the build system's API tells of: ${why}. Build again; if it comes back, see who can change artifacts there.`,
  )
}
