import { parseArgs } from 'node:util'
import { keepCompiledCode } from './compile-cache.js'

// `npm start`: everything on this machine. `countersign serve` does the same and more.
try {
  const { values } = parseArgs({ options: { 'no-demo': { type: 'boolean', default: false } } })
  keepCompiledCode()
  const { serve } = await import('./serve.ts')
  await serve({ demo: !values['no-demo'] })
  process.exit(0)
} catch (error) {
  process.stderr.write(`${explainStartFailure(error)}\n`)
  process.exit(1)
}

/** What a failed start prints: code and message where the failure has a code, else its stack. */
function explainStartFailure(error: unknown): string {
  if (!(error instanceof Error)) return `error: ${String(error)}`
  const code = 'code' in error ? String(error.code) : undefined
  if (code?.startsWith('ERR_PARSE_ARGS_'))
    return `error: USAGE: ${error.message.replace(/\.?$/, '.')} \`npm start -- --no-demo\` starts without the demo; all else is a setting: see docs/configuration.md.`
  return code === undefined ? `error: ${error.stack ?? error.message}` : `error: ${code}: ${error.message}`
}
