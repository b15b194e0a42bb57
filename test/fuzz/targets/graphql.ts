import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql'
import { createSchema } from '../../../graphql/schema.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { faultOfText, fuzzService, type ServiceUnderFuzz, type Tried } from '../service-under-fuzz.ts'
import type { FuzzTarget } from '../target.ts'

const schema: GraphQLSchema = createSchema()

/**
 * Operations on every field and argument of the schema, with values that fit and values that do not, by every kind of
 * user: each answer is data or coded errors that are no fault of ours.
 */
export const target: FuzzTarget = {
  name: 'graphql',
  run: (request) => fuzzService(request, tryOperation),
}

/** Makes an operation, sends it, and looks at the answer. */
export async function tryOperation(service: ServiceUnderFuzz, random: SeededRandom): Promise<Tried> {
  const { server } = service
  const { kind, query, variables } = makeOperation(service, random)
  const whole = Buffer.from(JSON.stringify({ query, variables }))
  const input = random.below(10) === 0 ? mutateBytes(whole, random) : whole
  const user = random.oneOf([server.administrator, server.auditor, server.submitter, ...server.approvers])
  const leave = new AbortController()
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${user.token}`,
      'content-type': 'application/json',
      accept: kind === 'subscription' ? 'text/event-stream' : 'application/json',
    },
    body: input as unknown as NonNullable<RequestInit['body']>,
    signal: leave.signal,
  })
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  const text = isStream ? await firstEvent(response) : await response.text()
  leave.abort()
  const codes = [...text.matchAll(/"code":"([A-Z0-9_]+)"/g)].map(([, code]) => code ?? '')
  const uncoded = /"errors":\[/.test(text) && codes.length === 0
  const fault =
    response.status >= 500 || uncoded ? `the answer ${response.status}: ${text.slice(0, 2_000)}` : faultOfText(text)
  const outcome = `${kind} ${response.status} ${codes[0] ?? 'data'}`
  return { outcome, input, ...(fault === undefined ? {} : { fault }) }
}

/** What a subscription sends until its first event, or until nothing comes for a moment. */
async function firstEvent(response: Response): Promise<string> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  let text = ''
  const quiet = setTimeout(() => void reader.cancel(), 100)
  while (!text.includes('data:')) {
    const { value, done } = await reader.read()
    if (done) break
    text += Buffer.from(value).toString()
  }
  clearTimeout(quiet)
  return text
}

type Operation = { readonly kind: string; readonly query: string; readonly variables: Record<string, unknown> }

function makeOperation(service: ServiceUnderFuzz, random: SeededRandom): Operation {
  const kind = random.oneOf(['query', 'query', 'query', 'mutation', 'subscription'])
  const type =
    kind === 'query'
      ? schema.getQueryType()
      : kind === 'mutation'
        ? schema.getMutationType()
        : schema.getSubscriptionType()
  const fields = Object.values(type?.getFields() ?? {})
  const declared: string[] = []
  const variables: Record<string, unknown> = {}
  const args: WriteArguments = (given) => {
    const written = given.flatMap((argument) => {
      if (!isNonNullType(argument.type) && random.below(2) === 0) return []
      const name = `v${declared.length}`
      declared.push(`$${name}: ${argument.type}`)
      variables[name] = valueFor(argument.type, service, random)
      return [`${argument.name}: $${name}`]
    })
    return written.length === 0 ? '' : `(${written.join(', ')})`
  }
  const count = kind === 'subscription' ? 1 : 1 + random.below(3)
  const roots = Array.from(
    { length: count },
    (_, index) => `r${index}: ${selection(random.oneOf(fields), 0, args, random)}`,
  )
  const head = declared.length === 0 ? kind : `${kind} (${declared.join(', ')})`
  return { kind, query: `${head} { ${roots.join(' ')} }`, variables }
}

type WriteArguments = (given: readonly GraphQLArgument[]) => string

function selection(
  field: GraphQLField<unknown, unknown>,
  depth: number,
  args: WriteArguments,
  random: SeededRandom,
): string {
  return `${field.name}${args(field.args)}${subselection(field.type, depth, args, random)}`
}

function subselection(type: GraphQLOutputType, depth: number, args: WriteArguments, random: SeededRandom): string {
  const named = getNamedType(type)
  if (isLeafType(named)) return ''
  const concrete = isAbstractType(named) ? random.oneOf(schema.getPossibleTypes(named)) : named
  if (!isObjectType(concrete)) return ' { __typename }'
  const possible = Object.values(concrete.getFields()).filter(
    ({ type: of }) => depth < 3 || isLeafType(getNamedType(of)),
  )
  if (possible.length === 0) return ' { __typename }'
  const chosen = Array.from({ length: 1 + random.below(3) }, (_, index) => {
    const field = random.oneOf(possible)
    return `f${index}: ${selection(field, depth + 1, args, random)}`
  })
  const inner = `{ __typename ${chosen.join(' ')} }`
  return isAbstractType(named) ? ` { ... on ${concrete.name} ${inner} }` : ` ${inner}`
}

function valueFor(type: GraphQLInputType, service: ServiceUnderFuzz, random: SeededRandom): unknown {
  if (random.below(40) === 0) return random.oneOf<unknown>([null, [], {}, 7, 'x', true, [[]], { x: 1 }])
  if (isNonNullType(type)) return valueFor(type.ofType, service, random)
  if (isListType(type))
    return Array.from({ length: random.oneOf([0, 1, 2, 150]) }, () => valueFor(type.ofType, service, random))
  if (isEnumType(type)) return random.oneOf(type.getValues()).name
  if (isInputObjectType(type))
    return Object.fromEntries(
      Object.values(type.getFields())
        .filter((field) => isNonNullType(field.type) || random.below(2) === 0)
        .map((field) => [field.name, valueFor(field.type, service, random)]),
    )
  return leafValue(type.name, service, random)
}

function leafValue(type: string, service: ServiceUnderFuzz, random: SeededRandom): unknown {
  const odd = random.below(4) === 0
  if (type === 'Int') return random.oneOf(odd ? [-1, 101, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 1.5] : [0, 1, 2, 25, 100])
  if (type === 'Boolean') return random.below(2) === 0
  if (type === 'DateTime') return random.oneOf(odd ? moments : moments.slice(0, 2))
  if (type === 'LogPosition') return random.oneOf(odd ? positions : positions.slice(0, 2))
  const text = random.oneOf(odd ? oddTexts : knownTexts(service))
  return random.below(8) === 0 ? mutateBytes(Buffer.from(text), random).toString('latin1') : text
}

const moments = [
  '2026-01-31T12:00:00.000Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999999+23:59',
  '0000-01-01T00:00:00+23:59',
  '2026-02-30T00:00:00Z',
  'x',
]

const positions = ['0'.repeat(16), '0000000000000001', '9'.repeat(16), 'f'.repeat(32), '9007199254740993', 'x', '']

const oddTexts = [
  ...['', ' ', 'x', '-', ':', '%', "'; DROP TABLE events; --", '\0', '\ud800', '\u202e', '\u200b', '😀', '../..', '\n'],
  ...[
    'x'.repeat(300),
    'x'.repeat(5_000),
    'null',
    '{}',
    '__proto__',
    'constructor',
    '00000000-0000-0000-0000-000000000000',
  ],
  ...[
    'bnVsbA==',
    'VXNlcjo=',
    Buffer.from('["",""]').toString('base64url'),
    Buffer.from('["\\u0000",1]').toString('base64url'),
  ],
]

function knownTexts({ server, waiting, completed, planDigest, upload }: ServiceUnderFuzz): readonly string[] {
  const ids = { SigningRequest: waiting, Project: server.projectId, SigningPolicy: server.releasePolicyId }
  const nodeIds = Object.entries(ids).map(([type, id]) => Buffer.from(`${type}:${id}`).toString('base64'))
  const cursor = Buffer.from(JSON.stringify(['demo', server.projectId])).toString('base64url')
  return [
    ...[waiting, completed, planDigest, upload, server.projectId, server.releasePolicyId, server.certificateId],
    ...[server.submitter.userId, 'demo', 'release-signing', 'test-signing', cursor, `signingRequest-${waiting}`],
    ...nodeIds,
  ]
}
