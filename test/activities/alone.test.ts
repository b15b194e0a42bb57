import { describe, expect, it } from 'vitest'
import { attackedOrganization, attackers } from '../support/alone/organization.ts'
import { ways } from '../support/alone/ways.ts'

const forced = Object.entries(ways).filter(([, { force }]) => force !== undefined)

// With the key of an API process, what nobody was asked about stands in the log. The signer asks the log who agreed to it.
describe('the signer signs nothing for a Global Administrator who writes to the log by themselves and', () => {
  it.each(forced)('%s', async (_, { force, refusal, requiredApprovals }) => {
    const organization = await attackedOrganization(attackers['a Global Administrator'], requiredApprovals)
    expect(await force?.(organization)).toBe(refusal)
  })
})
