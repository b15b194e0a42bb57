/** Why a PKCS #12 file cannot be used. The message never holds anything of what the file protects. */
export type Pkcs12ErrorCode =
  | 'PFX_TOO_LARGE'
  | 'PFX_MALFORMED'
  | 'PFX_UNSUPPORTED'
  | 'PFX_ITERATIONS_EXCEEDED'
  | 'PFX_PASSWORD_WRONG'
  | 'PFX_NO_KEY'
  | 'PFX_SEVERAL_KEYS'
  | 'PFX_NO_CERTIFICATE'
  | 'PFX_KEY_UNSUPPORTED'
  | 'PFX_KEY_WEAK'

/** A PKCS #12 file that cannot be opened, or holds what cannot be used. */
export class Pkcs12Error extends Error {
  readonly code: Pkcs12ErrorCode

  constructor(code: Pkcs12ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Pkcs12Error'
    this.code = code
  }
}

/** The error of a file that is not built as PKCS #12 says. */
export function malformed(problem: string, cause?: unknown): Pkcs12Error {
  const options = cause === undefined ? undefined : { cause }
  return new Pkcs12Error('PFX_MALFORMED', `This is not an undamaged PKCS #12 file: ${problem}.`, options)
}

/** The error of a file that uses something that is not read here. */
export function unsupported(what: string): Pkcs12Error {
  return new Pkcs12Error(
    'PFX_UNSUPPORTED',
    `The PKCS #12 file uses ${what}, which is not read. Export it again with AES-256, or as OpenSSL does by default.`,
  )
}
