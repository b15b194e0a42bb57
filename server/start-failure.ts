/**
 * What a failed start tells people: code and message where the failure has a code, else everything there is to know.
 */
export function explainStartFailure(error: unknown): string {
  if (!(error instanceof Error)) return `error: ${String(error)}`
  const code = 'code' in error ? String(error.code) : undefined
  if (code?.startsWith('ERR_PARSE_ARGS_'))
    return `error: USAGE: ${error.message.replace(/\.?$/, '.')} \`npm start -- --no-demo\` starts without the demo; all else is a setting: see docs/configuration.md.`
  return code === undefined ? `error: ${error.stack ?? error.message}` : `error: ${code}: ${error.message}`
}
