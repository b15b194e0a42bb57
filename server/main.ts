import { parseArgs } from 'node:util'
import { serve } from './serve.ts'
import { explainStartFailure } from './start-failure.ts'

// `npm start`: everything on this machine. `countersign serve` does the same and more.
try {
  const { values } = parseArgs({ options: { 'no-demo': { type: 'boolean', default: false } } })
  await serve({ demo: !values['no-demo'] })
  process.exit(0)
} catch (error) {
  process.stderr.write(`${explainStartFailure(error)}\n`)
  process.exit(1)
}
