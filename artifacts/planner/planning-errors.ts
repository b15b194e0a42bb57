import type { ExistingSignature, MatchedElement } from '../../domain/index.ts'
import type { SignatureFormat } from '../../signing/signature-format.ts'
import { SigningError } from '../../signing/signing-error.ts'
import { ArtifactError } from '../artifact-error.ts'

/** The error of a plan that was made by another release's planner. */
export function plannerUnsupported(version: number, known: readonly string[]): ArtifactError {
  return new ArtifactError(
    'PLANNER_VERSION_UNSUPPORTED',
    `The plan was made by planner version ${version}; this release has ${known.join(', ')}, and cannot make it again.`,
  )
}

/**
 * The error of a file that is signed already and must not be.
 *
 * @param existing its signatures, where they were read
 */
export function alreadySigned(existing: readonly ExistingSignature[] = []): ArtifactError {
  const signers = existing.map((each) =>
    each.kind === 'signature' ? (each.signer ?? 'an unknown signer') : 'unreadable',
  )
  const named = signers.length === 0 ? '' : ` (${signers.join('; ')})`
  return new ArtifactError(
    'FILE_ALREADY_SIGNED',
    `The file carries signatures already${named}, and the submission refuses such files.`,
  )
}

/** The error of a file whose signatures were to be kept and cannot be. */
export function notKept({ title }: SignatureFormat): ArtifactError {
  return new ArtifactError(
    'EXISTING_SIGNATURES_NOT_KEPT',
    `The file carries a signature, and the submission asks to keep it: files of its kind (${title}) cannot have another one beside it. Submit it with "replace", or unsigned.`,
  )
}

/**
 * Names the element in every error about the file that it means.
 *
 * @param element as `elementText` has it
 */
export async function withElement<T>(element: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ArtifactError || error instanceof SigningError) || error.transient) throw error
    if (error.message.includes(element)) throw error
    const path = error instanceof ArtifactError ? error.path : null
    throw new ArtifactError(error.code, `${error.message} The file is meant by ${element}.`, { path, cause: error })
  }
}

/** An element and its place, as messages name it: `pe-file path="*.exe" (line 3, column 5)`. */
export function matchedText({ name, path, line, column }: MatchedElement): string {
  return `${name}${path === null ? '' : ` path="${path}"`} (line ${line}, column ${column})`
}

/** Names the file in every error that is about one, and says nothing of which file yet. */
export async function withPath<T>(path: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ArtifactError || error instanceof SigningError)) throw error
    const of = error instanceof ArtifactError ? (error.path ?? path) : path
    throw new ArtifactError(error.code, error.message, { transient: error.transient, path: of, cause: error })
  }
}
