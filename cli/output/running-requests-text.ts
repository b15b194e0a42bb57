import type { RunningRequests } from '../documents/running-requests.ts'
import { policyName } from './request-table.ts'

/** So many are listed. */
const mostListed = 10

/** Lines of a field list that say which running requests depend on something. */
export function runningRequestFields(running: RunningRequests): readonly (readonly [string, string])[] {
  if (running === null) return []
  const { signingRequests, complete } = running
  const listed = signingRequests.slice(0, mostListed)
  const more = signingRequests.length - listed.length
  const older = complete ? '' : 'there may be older ones'
  const rest = [more === 0 ? '' : `${more} more`, older].filter((text) => text !== '').join(', and ')
  return [
    ...listed.map(
      (each) => ['running request', `${each.signingRequestId}, ${policyName(each)}, ${each.status}`] as const,
    ),
    ...(rest === '' ? [] : [['running request', rest] as const]),
  ]
}
