import { CliError } from './cli-error.ts'
import { exitCode } from './exit-code.ts'

/** The option that names the settings of commands that run on the server. */
export const configOption = [
  '--config <file>',
  "the server's settings in JSON; environment variables COUNTERSIGN_… stand above it",
] as const

/** The action of a command that runs inside the server's composition: its failures in the terms of the command line. */
export function localAction<Arguments extends readonly unknown[]>(
  action: (...given: Arguments) => Promise<void>,
): (...given: Arguments) => Promise<void> {
  return async (...given) => {
    try {
      await action(...given)
    } catch (error) {
      throw localFailure(error)
    }
  }
}

/**
 * What a failure of a command that ran inside the server's composition means to the command line: errors with a code of
 * ours keep it; anything else is a fault and stays what it is.
 */
function localFailure(error: unknown): unknown {
  if (error instanceof CliError || !(error instanceof Error) || !('code' in error)) return error
  const { code } = error
  if (typeof code !== 'string' || !/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(code)) return error
  const settings =
    /^(CONFIGURATION|PROXY_(CONFIGURATION|FILE|TOKEN|CRL|STATEMENT_KEY)|SECRET|PAYLOAD_KEY|EVENT_KEY|INSTALLATION_KEY|DATA_DIRECTORY|PORT|ADDRESS|EVENT_LOG_NOT|EXPORT)_/.test(
      code,
    ) || /^(ID_MALFORMED|PERIOD_INVALID|EVENT_LOG_ARGUMENT_INVALID)$/.test(code)
  const away = code.endsWith('_UNAVAILABLE')
  return new CliError(code, error.message, {
    exitCode: settings ? exitCode.usage : away ? exitCode.unreachable : exitCode.fault,
    cause: error,
  })
}
