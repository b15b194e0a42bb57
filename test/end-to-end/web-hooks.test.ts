import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { readCredentials } from '../../server/embedded/credentials.ts'
import { countersign, startEmbedded } from '../support/service-processes.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'
import { answering, startWebHookReceiver } from '../support/web-hook-receiver.ts'
import { giveWorkflowBundle } from '../support/workflow-bundle.ts'

it('a web hook is told of a request although the service is killed while its receiver is down', {
  timeout: 600_000,
}, async () => {
  const receiver = await startWebHookReceiver()
  const data = temporaryFolder()
  await giveWorkflowBundle(data)
  const environment = {
    COUNTERSIGN_DATA: data,
    COUNTERSIGN_PORT: '0',
    COUNTERSIGN_OUTGOING_ALLOW_HTTP: 'true',
    COUNTERSIGN_OUTGOING_ALLOWED_NETWORKS: '127.0.0.0/8',
  }
  let service = await startEmbedded(environment)
  onTestFinished(async () => void (await service.end('SIGKILL')))
  const credentials = await readCredentials(data)
  const json = async (as: 'administrator' | 'ci', ...args: readonly string[]) => {
    const token = credentials?.users[as]?.token ?? ''
    const { stdout, stderr } = await countersign([...args, '--json'], {
      COUNTERSIGN_URL: service.url,
      COUNTERSIGN_TOKEN: token,
    }).done
    if (stdout === '') throw new Error(stderr)
    return JSON.parse(stdout)
  }
  const { webHookId } = await json(
    'administrator',
    'web-hook',
    'create',
    receiver.url,
    '--name',
    'Receiver',
    '--event',
    'submitted',
  )
  receiver.answer = answering(503, 'not yet')
  const file = join(data, 'program.exe')
  await writeFile(file, smallPeFile(Buffer.from('a program')))
  const release = ['--project', 'demo', '--policy', 'release-signing', '--no-wait']
  const { signingRequestId } = await json('ci', 'sign', file, ...release)
  await until('the receiver is told', () => receiver.received.length > 0, 60_000)
  await service.end('SIGKILL')
  receiver.answer = answering(200, 'thanks')
  service = await startEmbedded(environment)
  const delivered = await until(
    'it is delivered',
    async () => {
      const { deliveries } = await json('administrator', 'web-hook', 'deliveries', webHookId)
      return deliveries.length === 1 && deliveries[0].status === 'delivered' && deliveries[0]
    },
    120_000,
  )
  const { attempts, body } = await json('administrator', 'web-hook', 'deliveries', '--delivery', delivered.deliveryId)
  expect(attempts.filter(({ status }: { readonly status: number }) => status === 200)).toHaveLength(1)
  expect(JSON.parse(body)).toMatchObject({ EventType: 'signingRequest.submitted', Status: 'InProgress' })
  expect(JSON.parse(body)).toMatchObject({ SigningRequestId: signingRequestId })
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id']))).toEqual(
    new Set([delivered.deliveryId]),
  )
})
