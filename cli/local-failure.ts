import { CliError } from './cli-error.ts'
import { exitCode } from './exit-code.ts'

/**
 * What a failure of a command that ran inside the server's composition means to the command line: errors with a code of
 * ours keep it; anything else is a fault and stays what it is.
 */
export function localFailure(error: unknown): unknown {
  if (error instanceof CliError || !(error instanceof Error) || !('code' in error)) return error
  const { code } = error
  if (code === 'EADDRINUSE')
    return new CliError('PORT_IN_USE', `${error.message}.`, {
      hint: 'Stop what listens there, or set COUNTERSIGN_PORT to another port.',
      exitCode: exitCode.usage,
      cause: error,
    })
  if (typeof code !== 'string' || !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(code)) return error
  const settings =
    /^(CONFIGURATION|SECRET)_/.test(code) || ['DATA_DIRECTORY_IN_USE', 'EVENT_LOG_NOT_FOUND'].includes(code)
  const away = code.endsWith('_UNAVAILABLE')
  return new CliError(code, error.message, {
    exitCode: settings ? exitCode.usage : away ? exitCode.unreachable : exitCode.fault,
    cause: error,
  })
}
