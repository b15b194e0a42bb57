import { describe, expect, it } from 'vitest'
import { createSigningPolicy } from '../../application/create-signing-policy.ts'
import type { SigningRequestId } from '../../domain/index.ts'
import { type GraphQLTestServer, startGraphQLServer } from '../support/graphql-server.ts'

const runningRequests = 'runningRequests { complete signingRequests { signingRequestId } }'

/** An organization with a policy that names a group as its approvers, and how it is asked for what runs. */
async function withGroup() {
  const server = await startGraphQLServer()
  const { application, dependencies, setup, administrator, approvers, submitter, projectId, certificateId } = server
  const ada = await application.authenticate({ apiToken: administrator.token }, undefined)
  const members = [approvers[0].userId]
  const { groupId } = await application.createGroup(ada, { name: 'Leads', description: null, members })
  await createSigningPolicy(dependencies, setup, {
    projectId,
    slug: 'by-leads',
    settings: {
      name: 'By leads',
      certificateId,
      submitters: [{ user: submitter.userId }],
      approval: {
        approvers: [{ group: groupId }],
        requiredApprovals: 1,
        submitterMayApprove: false,
        deadlineSeconds: null,
      },
      timestamp: 'required',
      release: false,
      existingSignatures: ['replace'],
    },
  })
  return { server, ada, groupId, ask: asking(server) }
}

/** Asks for the running requests of something; what it answers, and with `moment` as of then. */
function asking(server: GraphQLTestServer) {
  return async (field: string, id: string, moment?: string) => {
    await server.caughtUp()
    const asOf = moment === undefined ? '' : `, asOf: "${moment}"`
    const { data, errors } = await server.ask(server.auditor, `{ ${field}(id: "${id}"${asOf}) { ${runningRequests} } }`)
    expect(errors).toBeUndefined()
    return data[field].runningRequests
  }
}

const all = (...ids: readonly SigningRequestId[]) => ({
  complete: true,
  signingRequests: ids.map((signingRequestId) => ({ signingRequestId })),
})

describe('what runs with something', () => {
  it('is shown of keys, certificates, users and groups, newest first, and not what is over', async () => {
    const { server, groupId, ask } = await withGroup()
    const { keyId, certificateId, submitter, approvers, auditor } = server
    const [direct, byGroup] = [await server.submit(), await server.submit('by-leads')]
    for (const [field, id] of [
      ['key', keyId],
      ['certificate', certificateId],
      ['user', submitter.userId],
      // Named by one policy, a member of the group that the other one names.
      ['user', approvers[0].userId],
    ] as const)
      expect(await ask(field, id), field).toEqual(all(byGroup, direct))
    expect(await ask('user', approvers[1].userId)).toEqual(all(direct))
    expect(await ask('group', groupId)).toEqual(all(byGroup))
    expect(await ask('user', auditor.userId)).toEqual(all())

    await server.tell(direct, { type: 'Cancel', canceledBy: submitter.userId, reason: null })
    expect(await ask('certificate', certificateId)).toEqual(all(byGroup))
    expect(await ask('certificate', certificateId, new Date().toISOString())).toBeNull()
  })

  it('is shown of the certificate and the build system that a request was submitted by, whatever the policy says now', async () => {
    const { server, ada, ask } = await withGroup()
    const { application, certificateId, releasePolicyId } = server
    const facts = { slug: 'jenkins', name: 'Jenkins', description: null, kind: 'jenkins' } as const
    const { trustedBuildSystemId } = await application.createTrustedBuildSystem(ada, facts)
    await application.linkTrustedBuildSystem(ada, { trustedBuildSystemId, projectId: server.projectId })
    const vouched = await server.submit('release-signing', 'a build', trustedBuildSystemId)
    await application.deactivateSigningPolicy(ada, { signingPolicyId: releasePolicyId, reason: null })
    expect(await ask('certificate', certificateId)).toEqual(all(vouched))
    expect(await ask('trustedBuildSystem', trustedBuildSystemId)).toEqual(all(vouched))
  })
})
