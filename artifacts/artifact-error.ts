/**
 * What goes wrong while artifacts are stored, read or planned.
 *
 * Codes are upper snake case: `ARTIFACT_…`, `UPLOAD_…`, `PLAN_…`, `FORMAT_NOT_SUPPORTED`, and while planning also those
 * of the format at hand (`PE_…`). All of them stand in `docs/error-codes.md`.
 */
export class ArtifactError extends Error {
  readonly code: string
  /** Whether the same call may succeed later without the caller changing anything: only then is it retried. */
  readonly transient: boolean
  /** The file at fault: names from the artifact inwards, the artifact's own file name first; `null` where none is. */
  readonly path: readonly string[] | null

  constructor(
    code: string,
    message: string,
    options: { readonly transient?: boolean; readonly path?: readonly string[] | null; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ArtifactError'
    this.code = code
    this.transient = options.transient ?? false
    this.path = options.path ?? null
  }
}
