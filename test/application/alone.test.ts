import { describe, expect, it } from 'vitest'
import type { Caller } from '../../application/index.ts'
import type { SigningRequestId } from '../../domain/index.ts'
import { attackedOrganization, attackers, outcome, type PolicyName } from '../support/alone/organization.ts'
import { ways } from '../support/alone/ways.ts'

const policies: readonly PolicyName[] = ['release', 'tryout', 'retired', 'shelved']
const asked = Object.entries(ways).filter(([, { ask }]) => ask !== undefined)

/** The person submits to every policy by every account, approves by every account, and asks the signer. */
async function signedAlone({
  me,
  robot,
  socks,
  former,
  releaseCertificate,
  settings,
  submit,
  approve,
  askSigner,
}: Awaited<ReturnType<typeof attackedOrganization>>): Promise<readonly string[]> {
  const signed: string[] = []
  const accounts: readonly Caller[] = [me, robot, ...socks, former]
  for (const policy of policies) {
    if ((await settings(policy)).certificateId !== releaseCertificate) continue
    for (const submitter of [me, robot]) {
      const id: SigningRequestId | undefined = await submit(submitter, policy).catch(() => undefined)
      if (id === undefined) continue
      for (const approver of accounts) await outcome(approve(approver, id))
      if ((await askSigner(id)) === 'authorised') signed.push(`${policy}, submitted by ${submitter.kind}`)
    }
  }
  return signed
}

describe('a Global Administrator alone gets no release signed who', () => {
  it.each(asked)('%s', async (_, { ask, answers, requiredApprovals }) => {
    const organization = await attackedOrganization(attackers['a Global Administrator'], requiredApprovals)
    expect(await ask?.(organization)).toEqual(answers)
    expect(await signedAlone(organization)).toEqual([])
  })
})

describe('nobody gets a release signed alone by all of these ways together', () => {
  it.each(Object.entries(attackers))('being %s', async (_, roles) => {
    const organization = await attackedOrganization(roles)
    // What others do in one way may be too late after another.
    for (const [, { ask }] of asked) await outcome(ask?.(organization) ?? Promise.resolve())
    expect(await signedAlone(organization)).toEqual([])
  })
})

describe('where two others agree', () => {
  it('a release is signed', async () => {
    const { me, dora, emil, submit, approve, askSigner } = await attackedOrganization([])
    const id = await submit(me)
    for (const approver of [dora, emil]) await approve(approver, id)
    expect(await askSigner(id)).toBe('authorised')
  })
})
