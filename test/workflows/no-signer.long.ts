import { expect, test } from 'vitest'
import { connectTemporal, useTemporalServer } from '../support/temporal.ts'
import { testOrganization } from '../support/test-organization.ts'
import { until } from '../support/until.ts'
import { startWorkers } from '../support/workers.ts'
import { reached, submit, typesOf } from '../support/workflow-requests.ts'

// The real server: the one that skips time skips none while a task waits for a worker.
const server = useTemporalServer()

test('while no signer runs a request says so, keeps its place, and goes on when one is there', async () => {
  const organization = await testOrganization({ approval: null })
  const { connection, nativeConnection, namespace } = await connectTemporal(server())
  const environment = { connection, nativeConnection, namespace }
  const workflows = await startWorkers(environment, organization, undefined, { signer: false })
  const id = await submit(workflows, organization)
  const delay = await until('it says so', async () => (await organization.request(id)).waitingFor ?? undefined, 300_000)
  expect(delay).toMatchObject({ failure: { code: 'SIGNER_UNAVAILABLE' }, nextTryAt: null })
  await workflows.startSigner()
  await reached(organization, id, 'Completed')
  expect(await organization.request(id)).toMatchObject({ attempts: 1, waitingFor: null })
  expect((await typesOf(organization, id)).filter((type) => type === 'SigningRequestDelayed')).toHaveLength(1)
}, 600_000)
