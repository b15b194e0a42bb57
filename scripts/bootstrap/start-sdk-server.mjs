// Starts and ends one of the servers that the Temporal SDK downloads: node start-sdk-server.mjs KIND DOWNLOAD-FOLDER
// Prints one line and fails when that cannot be done.

import { TestWorkflowEnvironment } from '@temporalio/testing'
import { DefaultLogger, Runtime } from '@temporalio/worker'

Runtime.install({ logger: new DefaultLogger('ERROR') })
const [kind, downloadDir] = process.argv.slice(2)
if (downloadDir === undefined) throw new Error('usage: start-sdk-server.mjs KIND DOWNLOAD-FOLDER')
const executable = /** @type {const} */ ({ type: 'cached-download', downloadDir })
try {
  const environment =
    kind === 'time-skipping'
      ? await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } })
      : await TestWorkflowEnvironment.createLocal({ server: { executable } })
  await environment.teardown()
} catch (error) {
  console.error(String(error).replaceAll('\n', ' '))
  process.exitCode = 1
}
