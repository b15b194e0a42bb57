import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import type { SigningRequestId } from '../../domain/index.ts'
import { findTemporalCli } from '../../server/embedded/find-temporal-cli.js'
import { startTemporalProcess } from '../../server/embedded/start-temporal.ts'
import { refreshSignal } from '../../workflows/contract.ts'
import { freePort } from '../support/free-port.ts'
import { callerOf, organizationApplication } from '../support/organization-application.ts'
import { connectTemporal, silenceWorkers } from '../support/temporal.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { testOrganization } from '../support/test-organization.ts'
import { until } from '../support/until.ts'
import { startWorkers } from '../support/workers.ts'
import { initiator, reached, submission } from '../support/workflow-requests.ts'

/** From submission to the moments at which requests end by themselves: workflows begin new histories in this time. */
const limitMs = 60_000

/** A Temporal server that suggests a new history when one has fifty events, and not some thousand. */
async function startServer() {
  silenceWorkers()
  const folder = temporaryFolder()
  const cliPath = join(folder, 'temporal')
  const setting = '--dynamic-config-value limit.historyCount.suggestContinueAsNew=50'
  writeFileSync(cliPath, `#!/bin/sh\nexec '${findTemporalCli(process.env)?.path}' "$@" ${setting}\n`, { mode: 0o700 })
  const port = await freePort()
  const logger = pino({ level: 'silent' })
  const server = await startTemporalProcess({
    ...{ cliPath, folder, databaseName: 'temporal.db', port, logger },
    onSpawned: async () => undefined,
  })
  onTestFinished(() => server.stop())
  return connectTemporal({ address: `127.0.0.1:${port}`, namespace: 'default' })
}

test('moments at which requests end are kept to, though workflows began new histories and the worker was replaced', async () => {
  // What is announced from an hour ago, less the limit, is overdue at the limit.
  let behindMs = 3_600_000 - limitMs
  const organization = await testOrganization({
    sourceClock: () => new Date(Date.now() - behindMs).toISOString(),
  })
  const workflows = await startWorkers(await startServer(), organization)
  const application = organizationApplication(organization, workflows)
  const caller = await callerOf(application, organization, organization.submitter)
  const announce = async (cancelAfterSeconds: number | null) => {
    const sha256 = createHash('sha256').update('never sent').digest('hex')
    const source = { kind: 'announcedUpload', fileName: 'setup.exe', sha256 }
    const input = { project: 'test', signingPolicy: 'release', description: null, source, cancelAfterSeconds }
    return (await application.submitSigningRequest(caller, input)).signingRequestId
  }
  const neverUploaded = await announce(null)
  behindMs = 0
  const uploadAwaited = await announce(limitMs / 1_000)
  const made = { ...(await submission(organization)), cancelAt: new Date(Date.now() + limitMs).toISOString() }
  const { signingRequestId: approvalAwaited } = made
  const command = { type: 'SubmitSigningRequest', submission: made } as const
  await workflows.submit(approvalAwaited, { command, initiator: initiator(made.submitter) })
  await reached(organization, approvalAwaited, 'WaitingForApproval')

  const { workflow } = workflows.client
  const all = [neverUploaded, uploadAwaited, approvalAwaited]
  const runOf = async (id: SigningRequestId) => (await workflow.getHandle(id).describe()).runId
  const first = await Promise.all(all.map(runOf))
  await until(
    'each workflow has begun a new history',
    async () => {
      const signals = all.map((id) => workflow.getHandle(id).signal(refreshSignal))
      await Promise.all(signals)
      const runs = await Promise.all(all.map(runOf))
      return runs.every((run, index) => run !== first[index])
    },
    limitMs - 10_000,
  )
  expect(await Promise.all(all.map(async (id) => (await organization.request(id)).workflowStatus))).toEqual([
    'Submitted',
    'Submitted',
    'WaitingForApproval',
  ])
  await workflows.restartWorker()
  await Promise.all(all.map((id) => workflow.getHandle(id).result()))

  expect(await organization.request(neverUploaded)).toMatchObject({
    workflowStatus: 'ArtifactRetrievalFailed',
    failure: { code: 'UPLOAD_OVERDUE' },
  })
  for (const id of [uploadAwaited, approvalAwaited]) {
    const { cancelAt, cancellation, workflowStatus } = await organization.request(id)
    expect(workflowStatus).toBe('Canceled')
    expect(cancellation).toMatchObject({ canceledBy: null, reason: expect.stringContaining(String(cancelAt)) })
  }
  const late = Date.now() - Date.parse(made.cancelAt)
  expect(late).toBeGreaterThanOrEqual(0)
  expect(late).toBeLessThan(60_000)
})
