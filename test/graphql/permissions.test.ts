import { readFileSync } from 'node:fs'
import { GraphQLObjectType, GraphQLSchema, GraphQLString, printSchema } from 'graphql'
import { describe, expect, it } from 'vitest'
import { permissionsOfUseCases } from '../../application/index.ts'
import { accessOfFields, enforcePermissions } from '../../graphql/enforce-permissions.ts'
import { createSchema } from '../../graphql/schema.ts'

describe('the permissions of fields', () => {
  const access = accessOfFields(createSchema())

  it('are known for every field of the printed schema', () => {
    const printed = readFileSync(new URL('../../graphql/schema.graphql', import.meta.url), 'utf8')
    expect(access.length).toBeGreaterThan(300)
    for (const { field } of access) expect(printed).toContain(`  ${field.split('.')[1]}`)
    expect(printSchema(createSchema()).split('\n').length).toBeGreaterThan(access.length)
  })

  it('of mutations are those of the use cases that they are', () => {
    const mutations = access.filter(({ field }) => field.startsWith('Mutation.'))
    expect(mutations.length).toBeGreaterThan(3)
    for (const { field, permission, otherwise } of mutations) {
      expect(permission).toBe(permissionsOfUseCases[field.slice('Mutation.'.length) as 'createUser'])
      expect(otherwise).toBe('refused')
    }
  })

  it('leave what is private out of the answer, and refuse what is asked for as such', () => {
    const restricted = access.filter(
      ({ field, permission }) => permission !== 'readOrganization' && !/^Mutation/.test(field),
    )
    const named = Object.fromEntries(
      restricted.map(({ field, permission, otherwise }) => [field, [permission, otherwise]]),
    )
    expect(named).toMatchObject({
      'Event.remoteAddress': ['readAddresses', 'null'],
      'User.email': ['readPrivateUserData', 'null'],
      'User.apiTokens': ['readPrivateUserData', 'null'],
      'Query.events': ['readAuditLog', 'refused'],
      'Subscription.events': ['readAuditLog', 'refused'],
      'Query.securityRefusals': ['readRefusals', 'refused'],
      'Query.unusualActivity': ['readUnusualActivity', 'refused'],
      'Subscription.unusualActivity': ['readUnusualActivity', 'refused'],
    })
  })

  it('are demanded: a schema with a field that the table does not name is not made', () => {
    const Project = new GraphQLObjectType({ name: 'Project', fields: { secret: { type: GraphQLString } } })
    const Query = new GraphQLObjectType({ name: 'Query', fields: { project: { type: Project } } })
    expect(() => enforcePermissions(new GraphQLSchema({ query: Query }))).toThrow(/Missing: [^.]*Project\.secret/)
  })

  it('are demanded of mutations too: one that is no use case is not made', () => {
    const fields = { project: { type: GraphQLString } }
    const Mutation = new GraphQLObjectType({ name: 'Mutation', fields: { grantEverything: { type: GraphQLString } } })
    const Query = new GraphQLObjectType({ name: 'Query', fields })
    const schema = new GraphQLSchema({ query: Query, mutation: Mutation })
    expect(() => enforcePermissions(schema)).toThrow(/Missing: [^.]*Mutation\.grantEverything/)
  })
})
