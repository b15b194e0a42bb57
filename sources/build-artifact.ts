import { z } from 'zod'
import { tooLarge } from '../artifacts/index.ts'
import {
  type BuildArtifact,
  parseFileName,
  parseId,
  parseSha256Digest,
  Refusal,
  type Sha256Digest,
  type Submission,
  type TrustedBuildSystemId,
} from '../domain/index.ts'
import { detailForms } from './forms.ts'
import type { Retrieval, SourceKind } from './source-kind.ts'
import { read } from './submitted.ts'

/** An artifact as it comes from where its build system keeps it. */
export type FetchedBuildArtifact = {
  readonly fileName: string
  /** As the system says; `null` when it does not. */
  readonly sha256: Sha256Digest | null
  /** Bytes, as the system says; `null` when it does not. */
  readonly size: number | null
  readonly bytes: AsyncIterable<Uint8Array>
}

/**
 * Asks the build system that a submission names for the artifact of its build, with what link and submission say.
 *
 * @throws an error with a `code`, and `transient` when trying again may help
 */
export type FetchBuildArtifact = (
  request: Submission,
  work: Pick<Retrieval, 'signal' | 'progress'>,
) => Promise<FetchedBuildArtifact>

const form = z.object({
  trustedBuildSystemId: z.string(),
  connector: z.string(),
  build: z.record(z.string(), z.unknown()),
  artifact: z.string(),
  sha256: z.string().nullish(),
})

/**
 * What a build made, and its build system keeps: submitted as `{ kind: 'buildArtifact', trustedBuildSystemId, connector, build,
 * artifact, sha256? }`. The bytes must be those of which the build system tells digest and size, where it does, and those that
 * were announced, where they were.
 *
 * @throws when it is checked: Refusal `SOURCE_MALFORMED`, `ID_MALFORMED`, `DIGEST_MALFORMED`
 * @throws when it is retrieved: ArtifactError `ARTIFACT_TOO_LARGE`; Refusal `ORIGIN_ARTIFACT_MISMATCH`,
 *   `ARTIFACT_NOT_AS_ANNOUNCED`; as the build system's connector does
 */
export function buildArtifactSource({
  fetchArtifact,
}: {
  readonly fetchArtifact: FetchBuildArtifact
}): SourceKind<BuildArtifact> {
  return {
    kind: 'buildArtifact',
    details: detailForms.buildArtifact,

    async check(submitted) {
      const { trustedBuildSystemId, connector, build, artifact, sha256 } = read(form, submitted)
      return {
        kind: 'buildArtifact',
        fileName: null,
        sha256: sha256 == null ? null : parseSha256Digest(sha256, "The artifact's SHA-256"),
        size: null,
        isAtHand: false,
        // What is secret about the build is kept by the submission itself, since its origin is asked for with the same.
        secretsId: null,
        details: {
          trustedBuildSystemId: parseId<TrustedBuildSystemId>(trustedBuildSystemId, 'The trusted build system'),
          connector,
          build: Object.fromEntries(Object.entries(build).flatMap(saidAsText)),
          artifact,
        },
      }
    },

    async retrieve(_source, { request, signal, progress, maximumSize, put }) {
      const fetched = await fetchArtifact(request, { signal, progress })
      const stored = await put(noMoreThan(maximumSize, fetched))
      requireSame(fetched, stored)
      return { ...stored, fileName: nameOf(fetched) }
    },

    describe: ({ details: { connector, build, artifact } }) => ({ 'build system': connector, ...build, artifact }),
  }
}

/** What is left out of a build is not said of it. */
function saidAsText([name, value]: readonly [string, unknown]): readonly (readonly [string, string])[] {
  if (value === null || value === undefined || value === '') return []
  return [[name, typeof value === 'string' ? value : JSON.stringify(value)]]
}

/** Refuses what its build system says is too large before more than a piece of it has come, and lets the connection go. */
async function* noMoreThan(
  maximumSize: number,
  { size, bytes }: FetchedBuildArtifact,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of bytes) {
    if (size !== null && size > maximumSize) throw tooLarge(maximumSize)
    yield chunk
  }
}

/** Connectors hold the bytes that come to what their systems say; this holds to it what was stored. */
function requireSame(
  said: FetchedBuildArtifact,
  stored: { readonly sha256: Sha256Digest; readonly size: number },
): void {
  for (const name of ['sha256', 'size'] as const)
    if (said[name] !== null && said[name] !== stored[name])
      throw new Refusal(
        'ORIGIN_ARTIFACT_MISMATCH',
        `The artifact's ${name} is ${stored[name]}, and its build system says ${said[name]}. Build again; if it comes back, see who can change artifacts there.`,
      )
}

/** Systems keep artifacts by names that are no file names; they decide nothing. */
function nameOf({ fileName }: FetchedBuildArtifact): string {
  try {
    return parseFileName(fileName)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return 'artifact'
  }
}
