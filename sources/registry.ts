import { ArtifactError, type ArtifactStore, tooLarge } from '../artifacts/index.ts'
import { type Artifact, Refusal, type Source, type Submission } from '../domain/index.ts'
import { detailForms } from './forms.ts'
import type { Retrieval, SourceKind, SubmissionContext, UncheckedSource } from './source-kind.ts'
import { malformed } from './submitted.ts'

/** The kinds of sources that a process knows, and their limits. */
export interface Sources {
  /**
   * Checks what a caller submits and says it as the request's events will: as another kind where its content shows that it is one.
   *
   * @throws Refusal `SOURCE_NOT_SUPPORTED`, `SOURCE_MALFORMED`; ArtifactError `ARTIFACT_TOO_LARGE`; as the kind does
   */
  check(submitted: UncheckedSource, context: SubmissionContext): Promise<Source>
  /**
   * Keeps what is secret about a source that {@link check} passed, and gives the source that names it.
   *
   * @throws SecretsError
   */
  keepSecrets(source: Source, submitted: UncheckedSource, context: SubmissionContext): Promise<Source>
  /** What of a source its submitter chose: the same when the same was submitted again. */
  chosen(source: Source): object
  /** Notes that a request was made of what was submitted. */
  accepted(submitted: UncheckedSource): Promise<void>
  /**
   * Brings the artifact of a request into the store, or finds it there.
   *
   * @throws Refusal `SOURCE_NOT_SUPPORTED`, `SOURCE_MALFORMED`, `ARTIFACT_NOT_AS_ANNOUNCED`; ArtifactError
   *   `ARTIFACT_TOO_LARGE`; as the kind does; the signal's reason
   */
  retrieve(request: Submission, work?: Pick<Retrieval, 'signal' | 'progress'>): Promise<Artifact>
  /**
   * Notes that the log has the artifact of a request, or its end: what was kept for retrieving it goes. Twice is as once.
   *
   * @throws SecretsError
   */
  finished(request: Submission & { readonly artifact: Artifact | null }): Promise<void>
  /** What people are shown of a source besides file name, digest and size; nothing of kinds that are not known. */
  describe(source: Source): Readonly<Record<string, string>>
}

/**
 * Puts kinds of sources together.
 *
 * @param options.limits the most bytes of an artifact by kind; what is not named may have as many as the store takes
 */
export function createSources(options: {
  readonly kinds: readonly SourceKind[]
  readonly limits?: Readonly<Record<string, number | undefined>>
  readonly store: Pick<ArtifactStore, 'put' | 'maximumSize'>
}): Sources {
  const { limits = {}, store } = options
  const kinds = new Map(options.kinds.map((each) => [each.kind, each]))

  function known(kind: string): SourceKind {
    const found = kinds.get(kind)
    if (found !== undefined) return found
    throw new Refusal(
      'SOURCE_NOT_SUPPORTED',
      `This release cannot retrieve artifacts by ${JSON.stringify(kind)}; it can by ${[...kinds.keys()].join(', ')}.`,
    )
  }

  function limitOf(kind: string): number {
    const limit = Object.hasOwn(limits, kind) ? limits[kind] : undefined
    return Math.min(limit ?? store.maximumSize, store.maximumSize)
  }

  function requireSize({ kind }: Source, size: number | null): void {
    if (size !== null && size > limitOf(kind)) throw tooLarge(limitOf(kind))
  }

  async function recognised(given: UncheckedSource, context: SubmissionContext): Promise<UncheckedSource> {
    for (const { recognise } of kinds.values()) {
      const submitted = await recognise?.(given, context)
      if (submitted !== undefined) return submitted
    }
    return given
  }

  return {
    async check(given, context) {
      const submitted = await recognised(given, context)
      const source = await known(submitted.kind).check(submitted, context)
      requireForm(kinds, source)
      requireSize(source, source.size)
      return source
    },

    async keepSecrets(source, submitted, context) {
      const kept = await known(source.kind).keepSecrets?.(source, submitted, context)
      return kept ?? source
    },

    chosen(source) {
      const { secretsId: _, details, ...said } = source
      return { ...said, details: kinds.get(source.kind)?.chosen?.(details) ?? details }
    },

    async accepted(submitted) {
      await known(submitted.kind).accepted?.(submitted)
    },

    async retrieve(request, { signal, progress } = {}) {
      const { source } = request
      requireForm(kinds, source)
      const { retrieve } = known(source.kind)
      requireSize(source, source.size)
      const artifact = await retrieve(source, {
        request,
        signal,
        progress,
        maximumSize: limitOf(source.kind),
        put: (bytes) => put(store, source, within(bytes, limitOf(source.kind), progress), signal),
      })
      requireSize(source, artifact.size)
      // What was fetched is the fault of where it came from, not of the store.
      if (!source.isAtHand) requirePromised(source, artifact)
      return artifact
    },

    async finished(request) {
      const { source } = request
      const kind = kinds.get(source.kind)
      if (source.secretsId !== null) await kind?.removeSecrets?.(source, request)
      if (request.artifact !== null) await kind?.retrieved?.(source, request)
    },

    describe: (source) => kinds.get(source.kind)?.describe(source) ?? {},
  }
}

/** Holds a source against the form of its kind, as far as it is known. */
function requireForm(kinds: ReadonlyMap<string, SourceKind>, { kind, details }: Source): void {
  const form = kinds.get(kind)?.details ?? formOf(kind)
  const parsed = form?.safeParse(details)
  if (parsed?.success === false) throw malformed(kind, parsed.error)
}

function formOf(kind: string): SourceKind['details'] | undefined {
  return Object.hasOwn(detailForms, kind) ? detailForms[kind as keyof typeof detailForms] : undefined
}

async function put(
  store: Pick<ArtifactStore, 'put'>,
  { sha256, size }: Source,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
) {
  try {
    const expected = { expectedSha256: sha256 ?? undefined, expectedSize: size ?? undefined }
    return await store.put(bytes, { ...expected, signal })
  } catch (error) {
    if (error instanceof ArtifactError && error.code === 'ARTIFACT_MISMATCH') throw notAsAnnounced(error.message)
    throw error
  }
}

/** Passes bytes on, no more than a limit. */
async function* within(
  bytes: AsyncIterable<Uint8Array>,
  limit: number,
  progress: (() => void) | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let seen = 0
  for await (const chunk of bytes) {
    seen += chunk.byteLength
    if (seen > limit) throw tooLarge(limit)
    progress?.()
    yield chunk
  }
}

function requirePromised(source: Source, artifact: Artifact): void {
  for (const name of ['fileName', 'sha256', 'size'] as const)
    if (source[name] !== null && source[name] !== artifact[name])
      throw notAsAnnounced(`Its ${name} is ${artifact[name]}, and not ${source[name]}.`)
}

function notAsAnnounced(message: string): Refusal {
  return new Refusal('ARTIFACT_NOT_AS_ANNOUNCED', `What was retrieved is not what was submitted. ${message}`)
}
