/** Stable codes of {@link ExportError}. */
export type ExportErrorCode =
  | 'EXPORT_NOT_AN_EXPORT'
  | 'EXPORT_VERSION_UNKNOWN'
  | 'EXPORT_LINE_TOO_LONG'
  | 'EXPORT_PARTIAL'

/** Why a file cannot be read as an export at all. */
export class ExportError extends Error {
  readonly code: ExportErrorCode

  constructor(code: ExportErrorCode, message: string) {
    super(message)
    this.name = 'ExportError'
    this.code = code
  }
}
