import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { expect, it } from 'vitest'
import {
  isFinalStatus,
  type OrganizationId,
  type SigningRequestId,
  streams,
  type WorkflowStatus,
  workflowStatuses,
} from '../../domain/index.ts'
import type { LogPosition } from '../../event-log/index.ts'
import type { EventView, ReadModel, SigningRequestView } from '../../projections/index.ts'
import { openRequestWatch } from '../../rest/signing-requests/request-watch.ts'
import { restWorkflowStatus, restWorkflowStatuses } from '../../rest/signing-requests/status-document.ts'

/** A read model with one request, whose changes the test says; it counts what is asked of it. */
function oneRequest() {
  const organizationId = randomUUID() as OrganizationId
  const signingRequestId = randomUUID() as SigningRequestId
  const streamId = streams.signingRequest(signingRequestId)
  const asked = { follows: 0, reads: 0 }
  const changes = new EventTarget()
  let revision = 0
  let workflowStatus: WorkflowStatus = 'Submitted'
  const readModel = {
    position: async () => '1' as LogPosition,
    async signingRequestsByIds() {
      asked.reads += 1
      return [{ organizationId, signingRequestId, streamId, revision, workflowStatus } as SigningRequestView]
    },
    async *follow(_: OrganizationId, { signal }: { readonly signal: AbortSignal }) {
      asked.follows += 1
      while (!signal.aborted) {
        await once(changes, 'change', { signal }).catch(() => undefined)
        if (!signal.aborted) yield [{ streamId } as EventView]
      }
    },
  } satisfies Pick<ReadModel, 'position' | 'signingRequestsByIds' | 'follow'>
  return {
    request: { organizationId, signingRequestId },
    asked,
    readModel,
    become(status: WorkflowStatus) {
      revision += 1
      workflowStatus = status
      changes.dispatchEvent(new Event('change'))
    },
  }
}

const isFinal = ({ workflowStatus }: SigningRequestView) => isFinalStatus(workflowStatus)
const never = new AbortController().signal

it('follows the log once, and reads a change once, however many wait for it', async () => {
  const { request, asked, readModel, become } = oneRequest()
  const watch = openRequestWatch(readModel)
  const waiting = Array.from({ length: 500 }, () => watch.until(request, isFinal, never))
  await expect.poll(() => asked.reads).toBe(500)
  become('Completed')
  const answers = await Promise.all(waiting)
  expect(new Set(answers.map((view) => view?.workflowStatus))).toEqual(new Set(['Completed']))
  expect(asked).toEqual({ follows: 1, reads: 501 })
})

it('answers with what was seen last when the time is over, and at once when the service stops', async () => {
  const { request, readModel } = oneRequest()
  const watch = openRequestWatch(readModel)
  const timeout = new AbortController()
  const first = watch.until(request, isFinal, timeout.signal)
  timeout.abort()
  expect((await first)?.workflowStatus).toBe('Submitted')
  const second = watch.until(request, isFinal, never)
  watch.close()
  expect((await second)?.workflowStatus).toBe('Submitted')
})

it('shows no status that clients of the API do not know', () => {
  for (const status of [...workflowStatuses, 'OriginVerificationFailed' as WorkflowStatus])
    expect(restWorkflowStatuses).toContain(restWorkflowStatus(status))
})
