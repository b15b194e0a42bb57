import { describe, expect, it } from 'vitest'
import { deactivateProject } from '../../application/projects.ts'
import { startGraphQLServer } from '../support/graphql-server.ts'

const simulate = `query ($user: ID, $policy: String!, $atVersion: Int, $proposed: SigningPolicySettingsInput) {
  policySimulation(project: "demo", signingPolicy: $policy, user: $user, branch: "main", atVersion: $atVersion, proposed: $proposed) {
    wouldBeSigned rules { rule input outcome code } } }`

const proposeUpdate = `mutation ($input: UpdateSigningPolicyInput!) { updateSigningPolicy(input: $input) { changeProposal {
  pastSimulation(last: 10) { examined treatedOtherwise { signingRequest { signingRequestId } differences { rule before after } } } } } }`

type Rules = readonly { readonly rule: string; readonly outcome: string; readonly code: string | null }[]
const unmet = (rules: Rules) => rules.filter(({ outcome }) => outcome === 'unmet').map(({ rule, code }) => [rule, code])

describe('policySimulation', () => {
  it('says by the state of now whether a user would get something signed, and by which rules', async () => {
    const server = await startGraphQLServer()
    const { submitter, auditor, approvers } = server
    const ask = async (variables: object) => {
      const answer = await server.ask(auditor, simulate, { policy: 'release-signing', ...variables })
      expect(answer.errors).toBeUndefined()
      return answer.data.policySimulation
    }
    const yes = await ask({ user: submitter.userId })
    expect(unmet(yes.rules)).toEqual([])
    expect(yes.wouldBeSigned).toBe(true)
    expect(yes.rules).toContainEqual({ rule: 'approvals', input: '2 of 3', outcome: 'met', code: null })
    expect(yes.rules).toContainEqual({ rule: 'branch', input: 'main', outcome: 'notAsked', code: null })
    const no = await ask({ user: approvers[0].userId })
    expect(unmet(no.rules)).toEqual([['submitter', 'FORBIDDEN']])
    expect(no.wouldBeSigned).toBe(false)

    const proposed = {
      name: 'Release',
      certificateId: server.certificateId,
      submitters: [{ user: approvers[0].userId }],
      approval: { approvers: approvers.map(({ userId }) => ({ user: userId })), requiredApprovals: 3 },
    }
    const other = await ask({ user: approvers[0].userId, proposed })
    // One of the three submits, so that two are left.
    expect(unmet(other.rules)).toEqual([['approvals', 'APPROVAL_QUORUM_UNREACHABLE']])

    await deactivateProject(server.dependencies, server.setup, { projectId: server.projectId, reason: null })
    await server.caughtUp()
    expect(unmet((await ask({ user: submitter.userId })).rules)).toEqual([['projectInUse', 'PROJECT_INACTIVE']])
  })

  it('refuses what is not there, and two answers in one question', async () => {
    const server = await startGraphQLServer()
    const codeOf = async (variables: object) =>
      (await server.ask(server.auditor, simulate, variables as never)).errors?.[0]
    expect((await codeOf({ policy: 'nothing' }))?.extensions.code).toBe('SIGNING_POLICY_NOT_FOUND')
    expect((await codeOf({ policy: 'release-signing', atVersion: 2 }))?.message).toContain('its versions are 1 to 1')
    const proposed = { name: 'x', certificateId: server.certificateId, submitters: [] }
    const both = await codeOf({ policy: 'release-signing', atVersion: 1, proposed })
    expect(both?.extensions.code).toBe('ARGUMENTS_AMBIGUOUS')
  })
})

describe('a proposed version of a policy', () => {
  it('is shown with what it would have changed of the last requests', async () => {
    const server = await startGraphQLServer()
    const { administrator: ada, approvers } = server
    await server.addUser('Bea', ['globalAdministrator'])
    const control = { changeControl: { requiredApprovals: 1, lifetimeSeconds: 3600 } }
    await server.ask(
      ada,
      'mutation ($input: ChangeChangeControlInput!) { changeChangeControl(input: $input) { position } }',
      {
        input: control,
      },
    )
    const [id, second] = [await server.submit(), await server.submit()]
    const planDigest = await server.plan(id)
    await server.ask(
      approvers[0],
      'mutation ($input: ApproveSigningRequestInput!) { approveSigningRequest(input: $input) { position } }',
      { input: { signingRequestId: id, planDigest } },
    )
    const settings = {
      name: 'Release',
      certificateId: server.certificateId,
      submitters: [{ user: server.submitter.userId }],
      approval: { approvers: approvers.slice(1).map(({ userId }) => ({ user: userId })), requiredApprovals: 1 },
    }
    const { data, errors } = await server.ask(ada, proposeUpdate, {
      input: { signingPolicyId: server.releasePolicyId, basedOnRevision: 0, settings },
    })
    expect(errors).toBeUndefined()
    const { examined, treatedOtherwise } = data.updateSigningPolicy.changeProposal.pastSimulation
    expect(examined).toBe(2)
    expect(treatedOtherwise).toContainEqual({
      signingRequest: { signingRequestId: id },
      differences: [{ rule: 'approvals', before: '1 of 2', after: '0 of 1' }],
    })
    expect(treatedOtherwise).toContainEqual({
      signingRequest: { signingRequestId: second },
      differences: [{ rule: 'approvals', before: '0 of 2', after: '0 of 1' }],
    })
    const ci = await server.application.createCiUser(
      await server.application.authenticate({ apiToken: ada.token }, undefined),
      { name: 'CI', responsible: ada.userId },
    )
    const vouched = await server.ask(ada, proposeUpdate, {
      input: {
        signingPolicyId: server.releasePolicyId,
        basedOnRevision: 0,
        settings: { ...settings, submitters: [{ user: ci.userId }], trustedBuildSystemRequired: true },
      },
    })
    expect(vouched.errors).toBeUndefined()
    const demanding = vouched.data.updateSigningPolicy.changeProposal.pastSimulation
    expect(demanding.treatedOtherwise[0].differences).toContainEqual({
      rule: 'trustedBuildSystem',
      before: 'accepted',
      after: 'refused: SUBMITTER_NOT_CI_USER',
    })
    const tooMany = await server.ask(
      ada,
      '{ changeProposals(first: 1) { nodes { pastSimulation(last: 201) { examined } } } }',
    )
    expect(tooMany.errors?.[0]?.extensions.code).toBe('PAGE_TOO_LARGE')
  })
})
