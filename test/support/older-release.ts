/** The workflow of a signing request as a release before this one might have had it: it begins with other steps. */
import { sleep } from '@temporalio/workflow'

export async function signingRequest(): Promise<void> {
  await sleep('1 year')
  await sleep('1 year')
}
