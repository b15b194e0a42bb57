import { usageError } from './cli-error.ts'
import { firstLine, readSecretLine } from './secret-line.ts'
import type { Terminal } from './terminal.ts'

/** Where the password of a PKCS #12 file is read: never from the command line, which everybody on the machine can see. */
export type PasswordOptions = {
  readonly passwordFile?: string
  readonly passwordStdin?: true
}

/**
 * The password of a PKCS #12 file: from a file or standard input, where the options say so, else from
 * `COUNTERSIGN_PFX_PASSWORD`, else by asking a person.
 *
 * @throws CliError `FILE_UNREADABLE`, `PFX_PASSWORD_MISSING`, `USAGE`
 */
export async function readPfxPassword(
  terminal: Terminal,
  { passwordFile, passwordStdin }: PasswordOptions,
): Promise<string> {
  const { environment, canAsk, askSecret, readInput } = terminal
  if (passwordFile !== undefined && passwordStdin !== undefined)
    throw usageError('--password-file and --password-stdin cannot be given together.')
  if (passwordFile !== undefined) return readSecretLine(terminal, passwordFile)
  if (passwordStdin !== undefined) return firstLine(await readInput())
  const { COUNTERSIGN_PFX_PASSWORD } = environment
  if (COUNTERSIGN_PFX_PASSWORD !== undefined) return COUNTERSIGN_PFX_PASSWORD
  if (canAsk) return askSecret('Password of the PKCS #12 file: ')
  throw usageError(
    'The password of the PKCS #12 file is not given, and nobody can be asked.',
    'Give --password-stdin or --password-file, or set COUNTERSIGN_PFX_PASSWORD.',
    'PFX_PASSWORD_MISSING',
  )
}
