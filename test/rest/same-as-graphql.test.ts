import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type GraphQLInputType, getNamedType, isEnumType, isInputObjectType, isLeafType, isObjectType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { createSchema } from '../../graphql/schema.ts'
import {
  describedApi,
  inputsOf,
  type JsonSchema,
  membersOf,
  operationsById,
  valuesOf,
} from '../support/described-operations.ts'

// REST and GraphQL are two ways to the same use cases. What only one of them has, a decision says, with the reason.
const schema = createSchema()
const operations = operationsById(describedApi())
const decision = readFileSync(join(import.meta.dirname, '../../docs/decisions/rest.md'), 'utf8')

const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].flatMap((type) =>
  Object.values(type?.getFields() ?? {}).map((field) => ({ root: type?.name ?? '', ...field })),
)

/** The fields that a table of the decision names, each with what stands behind it. */
const excused = new Map(
  [...decision.matchAll(/^\| ((?:`(?:Query|Mutation|Subscription)\.\w+`,? ?)+) \| (.+) \|$/gm)].flatMap(
    ([, names = '', reason = '']) => [...names.matchAll(/`([\w.]+)`/g)].map(([, name = '']) => [name, reason] as const),
  ),
)

/** Fields of inputs that REST spells otherwise: as the known service's clients do, or as HTTP has it. */
const spelledOtherwise: Readonly<Record<string, readonly string[]>> = {
  submitSigningRequest: [
    ...['artifactConfiguration', 'parameters.name', 'parameters.value'],
    ...['project', 'signingPolicy', 'uploadId', 'link', 'announcedUpload', 'buildArtifact', 'cancelAfterSeconds'],
    // Fields of a form and files in it.
    ...['build.fields', 'build.secrets', 'origin.buildData.buildSettingsUploadId', 'origin.sourceSummaryUploadIds'],
  ],
  resubmitSigningRequest: ['signingPolicy', 'artifactConfiguration', 'parameters.name', 'parameters.value'],
  canSubmit: ['project', 'signingPolicy', 'artifactConfiguration', 'parameters.name', 'parameters.value'],
  // Each kind is a field of its own: none can be named twice.
  changeNotificationPreferences: ['preferences.kind', 'preferences.delivery'],
}

/** What answers of GraphQL have that follows from others of REST's, or is GraphQL's own. */
const following: Readonly<Record<string, string>> = {
  id: 'a node id',
  'Certificate.pem': 'certificate, in another form',
  'Event.entityId': 'the end of streamId',
  'Group.memberCount': 'members',
  'SigningPolicy.name': 'settings.name',
  'TrustedBuildSystem.projectCount': 'projects',
}

describe('REST and GraphQL', () => {
  it.each(roots.map(({ root, name }) => [`${root}.${name}`, root, name] as const))(
    '%s has an operation of its name, or a reason to have none',
    (field, root, name) => {
      const isThere = root !== 'Subscription' && operations.has(name)
      expect([isThere || excused.has(field), isThere && excused.has(field)]).toEqual([true, false])
      expect((excused.get(field) ?? 'a reason').length).toBeGreaterThan(5)
    },
  )

  it('names no field in the decision that there is not', () => {
    const known = new Set(roots.map(({ root, name }) => `${root}.${name}`))
    expect([...excused.keys()].filter((name) => !known.has(name))).toEqual([])
  })

  const mutations = roots.filter(({ root, name }) => root === 'Mutation' && operations.has(name))
  it.each(mutations.map((field) => [field.name, field] as const))('take the same input: %s', (name, { args }) => {
    const operation = operations.get(name)
    if (operation === undefined) throw new Error(`There is no operation ${name}.`)
    const [input] = args.filter((argument) => argument.name === 'input')
    const lacking = input === undefined ? [] : lackingOf(input.type, inputsOf(operation), '')
    const excuses = [...(spelledOtherwise[name] ?? []), 'idempotencyKey']
    expect(lacking.filter((field) => !excuses.includes(field))).toEqual([])
    // A change that may be proposed is proposed with a reason.
    const given = (named: string) => args.some((argument) => argument.name === named)
    expect('changeReason' in inputsOf(operation)).toBe(given('changeReason'))
  })

  const queries = roots.filter(({ root, name }) => root === 'Query' && operations.has(name))
  it.each(queries.map((field) => [field.name, field] as const))('filter by the same: %s', (name, { args }) => {
    const operation = operations.get(name)
    if (operation === undefined) throw new Error(`There is no operation ${name}.`)
    // The state of an earlier moment is GraphQL's alone, like pages backwards; ids stand in paths.
    const own = ['asOf', 'before', 'last', 'first', 'after', 'id', 'slug', 'minimumPosition', 'filter', 'input']
    const known = Object.keys(inputsOf(operation))
    const named = (argument: string) =>
      [argument, `${argument}Id`, `${argument}Sha256`].some((each) => known.includes(each))
    const excuses = [...own, ...(name === 'signingRequest' ? ['idempotencyKey'] : []), ...pathsOf(name)]
    const lacking = args.map((argument) => argument.name).filter((each) => !named(each) && !excuses.includes(each))
    expect(lacking).toEqual([])
  })

  const shown = queries.filter(({ name }) => !name.startsWith('signingRequest'))
  it.each(shown.map((field) => [field.name, field] as const))('show the same: %s', (name, { type }) => {
    const response = operations.get(name)?.responses[200] as
      | { readonly content: { readonly 'application/json': { readonly schema: JsonSchema } } }
      | undefined
    const members = membersOf(response?.content['application/json'].schema)
    const own = (named: string) =>
      members[named] ?? membersOf(members.items)[named] ?? membersOf(members.findings)[named]
    const answered = entityOf(getNamedType(type).name)
    const lacking = Object.values(answered.getFields())
      .filter((field) => isLeafType(getNamedType(field.type)) && own(field.name) === undefined)
      .map((field) => field.name)
    expect(lacking.filter((field) => !(field in following) && !(`${answered.name}.${field}` in following))).toEqual([])
  })
})

/** Where a query's arguments stand in the path. */
function pathsOf(name: string): readonly string[] {
  return { policySimulation: ['project', 'signingPolicy'], checkContinuity: ['before', 'after'] }[name] ?? []
}

/** The names of an input's fields that a call has not, from the outermost on, and values of them that it does not take. */
function lackingOf(type: GraphQLInputType, known: Readonly<Record<string, JsonSchema>>, at: string): readonly string[] {
  const input = getNamedType(type)
  if (!isInputObjectType(input)) return []
  return Object.values(input.getFields()).flatMap((field) => {
    const path = `${at}${field.name}`
    const found = known[field.name]
    if (found === undefined) return [path]
    const named = getNamedType(field.type)
    if (isEnumType(named)) {
      const values = valuesOf(found)
      return named.getValues().flatMap(({ value }) => (values.includes(value) ? [] : [`${path} = ${value}`]))
    }
    return lackingOf(field.type, membersOf(found), `${path}.`)
  })
}

/** What a query answers, one of them where it answers a list. */
function entityOf(name: string) {
  const named = schema.getType(name)
  const nodes = isObjectType(named) && name.endsWith('Connection') ? named.getFields().nodes : undefined
  const type = nodes === undefined ? named : getNamedType(nodes.type)
  if (!isObjectType(type)) throw new Error(`${name} is no type of objects.`)
  return type
}
