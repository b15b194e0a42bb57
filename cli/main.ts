import { processTerminal } from './process-terminal.ts'
import { run } from './run.ts'

// The process is ended rather than left to end: connections that are kept open for later must not hold it.
const code = await run(process.argv.slice(2), processTerminal())
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
