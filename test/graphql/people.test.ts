import { describe, expect, it } from 'vitest'
import type { Answer } from '../support/ask-graphql.ts'
import { type GraphQLTestServer, startGraphQLServer } from '../support/graphql-server.ts'

const userFields = 'userId changeProposalId position user { revision status roles responsible { name } }'
const mutation = (name: string, input: string, fields = userFields) =>
  `mutation ($input: ${input}!) { ${name}(input: $input) { ${fields} } }`

const createCiUser = mutation('createCiUser', 'CreateCiUserInput')
const deactivate = mutation('deactivateUser', 'DeactivateUserInput')
const reactivate = mutation('reactivateUser', 'ReactivateUserInput')
const erase = mutation('eraseUser', 'EraseUserInput', 'keyDestroyed user { name status }')
const grant = mutation('grantGlobalRole', 'GlobalRoleInput')
const withdraw = mutation('withdrawGlobalRole', 'GlobalRoleInput')
const issue = mutation('issueApiToken', 'IssueApiTokenInput', 'apiTokenId token user { apiTokens { name status } }')
const revoke = mutation('revokeApiToken', 'RevokeApiTokenInput', 'user { apiTokens { name status } }')
const groupFields = 'groupId changeProposalId position group { revision name description members { nodes { name } } }'
const createGroup = mutation('createGroup', 'CreateGroupInput', groupFields)
const describeGroup = mutation('describeGroup', 'DescribeGroupInput', groupFields)
const changeMembers = mutation('changeGroupMembers', 'ChangeGroupMembersInput', groupFields)

const codes = ({ errors = [] }: Answer) => errors.map(({ extensions }) => extensions.code)
const asAdministrator = (server: GraphQLTestServer) => (query: string, input: object) =>
  server.ask(server.administrator, query, { input })

describe('users', () => {
  it('are deactivated and reactivated, each answer with the change in it', async () => {
    const server = await startGraphQLServer()
    const ask = asAdministrator(server)
    const { userId } = server.submitter
    const { data } = await ask(deactivate, { userId, reason: 'on leave' })
    expect(data.deactivateUser).toMatchObject({ userId, changeProposalId: null, user: { status: 'deactivated' } })
    expect(codes(await server.ask(server.submitter, '{ viewer { name } }'))).toEqual(['USER_DEACTIVATED'])
    expect((await ask(reactivate, { userId })).data.reactivateUser.user.status).toBe('active')
    expect((await server.ask(server.submitter, '{ viewer { name } }')).data.viewer.name).toBe('Sam Submitter')
  })

  it('get and lose roles; a change that was made from an older revision is refused', async () => {
    const server = await startGraphQLServer()
    const ask = asAdministrator(server)
    const { userId } = server.submitter
    const granted = await ask(grant, { userId, role: 'globalReader' })
    expect(granted.data.grantGlobalRole.user.roles).toEqual(['globalReader'])
    const { revision } = granted.data.grantGlobalRole.user
    const change = { userId, role: 'globalReader' }
    const stale = await ask(withdraw, { ...change, basedOnRevision: revision - 1 })
    expect(stale.errors?.[0]?.extensions).toMatchObject({
      code: 'CHANGE_STALE',
      details: { basedOnRevision: revision - 1, currentRevision: revision },
    })
    const { data } = await ask(withdraw, { ...change, basedOnRevision: revision })
    expect(data.withdrawGlobalRole.user.roles).toEqual([])
  })

  it('of a CI name the person who answers for them, who must be one', async () => {
    const server = await startGraphQLServer()
    const ask = asAdministrator(server)
    const { data } = await ask(createCiUser, { name: 'Builds', responsible: server.submitter.userId })
    expect(data.createCiUser.user).toMatchObject({ roles: [], responsible: { name: 'Sam Submitter' } })
    const { userId: ciUser } = data.createCiUser
    expect(codes(await ask(createCiUser, { name: 'More', responsible: ciUser }))).toEqual(['RESPONSIBLE_NOT_A_PERSON'])
    expect(codes(await ask(grant, { userId: ciUser, role: 'globalAdministrator' }))).toEqual(['ROLE_NEEDS_PERSON'])
  })

  it('are erased, and the last Global Administrator is not', async () => {
    const server = await startGraphQLServer()
    const ask = asAdministrator(server)
    const { userId } = server.submitter
    const erased = { keyDestroyed: true, user: { name: `erased user ${userId}`, status: 'deactivated' } }
    expect((await ask(erase, { userId })).data.eraseUser).toEqual(erased)
    expect((await ask(erase, { userId })).data.eraseUser).toEqual(erased)
    expect(codes(await ask(erase, { userId: server.administrator.userId }))).toEqual(['LAST_ADMINISTRATOR'])
  })

  it('hold tokens that are shown once, and end at once', async () => {
    const server = await startGraphQLServer()
    const ask = asAdministrator(server)
    const { userId } = server.administrator
    const made = await ask(issue, { userId, name: 'laptop', expiresAt: '2099-01-01T00:00:00+01:00' })
    const { token, apiTokenId, user } = made.data.issueApiToken
    expect(user.apiTokens).toContainEqual({ name: 'laptop', status: 'active' })
    expect((await server.ask({ token }, '{ viewer { name } }')).data.viewer.name).toBe('Ada Admin')
    const { data } = await ask(revoke, { userId, apiTokenId })
    expect(data.revokeApiToken.user.apiTokens).toContainEqual({ name: 'laptop', status: 'revoked' })
    expect(codes(await server.ask({ token }, '{ viewer { name } }'))).toEqual(['TOKEN_REVOKED'])
  })

  it('revoke their own tokens without any role', async () => {
    const server = await startGraphQLServer()
    const { userId, tokenId } = server.submitter
    const input = { userId, apiTokenId: tokenId }
    expect(codes(await server.ask(server.approvers[0], revoke, { input }))).toEqual(['FORBIDDEN'])
    expect(codes(await server.ask(server.submitter, revoke, { input }))).toEqual([])
  })
})

describe('groups', () => {
  it('are created, described and joined', async () => {
    const server = await startGraphQLServer()
    const ask = asAdministrator(server)
    const [anna, bert] = server.approvers
    const created = await ask(createGroup, { name: 'Leads', members: [anna.userId] })
    const { groupId, group } = created.data.createGroup
    expect(group).toMatchObject({ name: 'Leads', description: null, members: { nodes: [{ name: 'Anna' }] } })
    const change = { groupId, name: 'Release leads', description: 'Who releases' }
    const described = await ask(describeGroup, { ...change, basedOnRevision: group.revision })
    expect(described.data.describeGroup.group).toMatchObject({ name: 'Release leads', description: 'Who releases' })
    expect(codes(await ask(describeGroup, { ...change, name: 'Other', basedOnRevision: group.revision }))).toEqual([
      'CHANGE_STALE',
    ])
    const changed = await ask(changeMembers, { groupId, add: [bert.userId], remove: [anna.userId] })
    expect(changed.data.changeGroupMembers.group.members.nodes).toEqual([{ name: 'Bert' }])
  })
})
