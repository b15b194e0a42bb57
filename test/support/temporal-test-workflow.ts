/** A workflow that shows what the Temporal servers of the tests can do. */
import { condition, defineUpdate, setHandler } from '@temporalio/workflow'

export const wake = defineUpdate<string, [who: string]>('wake')

/** Sleeps for a month unless somebody wakes it. */
export async function waitForAMonth(): Promise<'slept' | 'woken'> {
  let woken = false
  setHandler(wake, (who) => {
    woken = true
    return `woken by ${who}`
  })
  return (await condition(() => woken, '30 days')) ? 'woken' : 'slept'
}
