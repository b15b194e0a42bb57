// Gets what Countersign needs and this machine lacks. Runs before `npm start` and `npm test`; plain JavaScript without
// dependencies, because it comes first: any Node from 20 on can run it. Says nothing when nothing is missing.
//
//   node scripts/bootstrap.mjs --for=start|test|long|bench

import { parseArgs } from 'node:util'
import { jsign } from './bootstrap/jsign.mjs'
import { withBootstrapLock } from './bootstrap/lock.mjs'
import { npmDependencies } from './bootstrap/npm-dependencies.mjs'
import { cosign, dsseVerifiers } from './bootstrap/statement-verifiers.mjs'
import { StepFailed, takeStep } from './bootstrap/step.mjs'
import { systemPackages } from './bootstrap/system-packages.mjs'
import { temporalCli } from './bootstrap/temporal-cli.mjs'
import { temporalTestServer } from './bootstrap/temporal-test-server.mjs'

const oldestNode = 20

async function main() {
  if (Number.parseInt(process.versions.node, 10) < oldestNode) {
    throw new StepFailed(`Node ${oldestNode} or newer is needed; this is ${process.version}.`)
  }
  const { values } = parseArgs({ options: { for: { type: 'string', default: 'start' } } })
  const purpose = values.for
  if (purpose !== 'start' && purpose !== 'test' && purpose !== 'long' && purpose !== 'bench') {
    throw new StepFailed(`--for=${purpose} means nothing here; say --for=start, --for=test, --for=long or --for=bench.`)
  }
  // In this order: the SDK's download is done by an npm package, and building the npm packages needs a compiler.
  const steps = [
    systemPackages(purpose),
    npmDependencies(),
    temporalCli(),
    ...(purpose === 'start' ? [] : [temporalTestServer()]),
    ...(purpose === 'bench' || purpose === 'long' ? [jsign()] : []),
    ...(purpose === 'long' ? [cosign(), dsseVerifiers()] : []),
  ]
  if (steps.every((step) => step.missing().length === 0)) return
  await withBootstrapLock(async () => {
    // Asked again one by one: another bootstrap may have got it meanwhile.
    for (const step of steps) await takeStep(step)
  })
}

try {
  await main()
} catch (error) {
  if (!(error instanceof StepFailed)) throw error
  console.error(`\nbootstrap: ${error.message}\n`)
  process.exitCode = 1
}
