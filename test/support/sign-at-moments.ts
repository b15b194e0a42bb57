import { MockActivityEnvironment } from '@temporalio/testing'
import { signerActivities } from '../../activities/index.ts'
import type { SigningRequestId } from '../../domain/index.ts'
import { withMoments } from './moments.ts'
import type { TestOrganization } from './test-organization.ts'

/** Signs a new request while something happens; answers with what came of it. */
export async function signAtMoments(
  organization: TestOrganization,
  moment: (index: number, signingRequestId: SigningRequestId) => Promise<unknown> | undefined,
) {
  const { signingRequestId } = await organization.planned()
  const moments: string[] = []
  let usedBefore = 0
  const signer = withMoments(organization.signer, async (name) => {
    moments.push(name)
    const happens = moment(moments.length - 1, signingRequestId)
    if (happens === undefined) return
    usedBefore = signer.signed.length
    await happens
  })
  const { sign } = signerActivities({ ...signer, recordRefusal: async () => undefined })
  const code = await new MockActivityEnvironment().run(sign, { signingRequestId, fromRevision: 0 }).then(
    () => undefined,
    (error: { type?: string; message: string }) => error.type ?? error.message,
  )
  const { workflowStatus } = await organization.request(signingRequestId)
  return { code, workflowStatus, usedAfterwards: signer.signed.length > usedBefore, moments }
}
