import type { IncomingMessage } from 'node:http'
import { type DocumentNode, Kind, type OperationDefinitionNode, parse, type SelectionSetNode } from 'graphql'
import { ProxyRefusal } from './refusal.ts'

/** The fields that a node may ask for: what `countersign sign` and `countersign request watch` ask. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  query: ['canSubmit', 'signingRequest', '__typename'],
  mutation: ['submitSigningRequest'],
  subscription: ['signingRequest'],
}

/** Bytes. The largest is the question whether a file can be submitted, with its first 64 KiB. */
const largestBody = 1024 * 1024

/**
 * Reads a GraphQL request and lets it through when its one document asks for nothing but what nodes may. It is written anew, so that
 * the service reads what was looked at, and nothing besides.
 *
 * @throws ProxyRefusal `PROXY_OPERATION_FORBIDDEN`, `PROXY_REQUEST_MALFORMED`, `PROXY_BODY_TOO_LARGE`
 */
export async function readGraphQLRequest(request: IncomingMessage): Promise<Buffer> {
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') throw malformed('A GraphQL request through the proxy is application/json.')
  const { query, variables, operationName } = jsonObject(await readBody(request))
  if (typeof query !== 'string') throw malformed('The GraphQL request holds no query.')
  refuseOthers(documentOf(query))
  return Buffer.from(
    JSON.stringify({
      query,
      ...(variables !== undefined && { variables }),
      ...(typeof operationName === 'string' && { operationName }),
    }),
  )
}

function refuseOthers(document: DocumentNode): void {
  const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION)
  if (operations.length === 0) throw malformed('The GraphQL request holds no operation.')
  for (const each of operations) {
    const { operation, selectionSet } = each as OperationDefinitionNode
    const forbidden = rootFields(selectionSet).find((name) => name === undefined || !allowed[operation]?.includes(name))
    const field = rootFields(selectionSet).includes(undefined) ? 'a fragment at its root' : forbidden
    if (field !== undefined)
      throw new ProxyRefusal(
        403,
        'PROXY_OPERATION_FORBIDDEN',
        `Through the proxy a ${operation} can ask for ${allowed[operation]?.join(', ')}, and not for ${field}. Ask the service itself.`,
      )
  }
}

/** `undefined` for a fragment: what it asks for is not followed, and no client needs one there. */
function rootFields({ selections }: SelectionSetNode): readonly (string | undefined)[] {
  return selections.map((selection) => (selection.kind === Kind.FIELD ? selection.name.value : undefined))
}

function documentOf(query: string): DocumentNode {
  try {
    return parse(query, { maxTokens: 5_000, noLocation: true })
  } catch (error) {
    throw malformed(`The GraphQL document cannot be read: ${(error as Error).message}`)
  }
}

function jsonObject(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const read: unknown = JSON.parse(body.toString('utf8'))
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return { ...read }
  } catch {
    // Refused below.
  }
  throw malformed('The GraphQL request is no JSON object.')
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    size += part.length
    if (size > largestBody)
      throw new ProxyRefusal(
        413,
        'PROXY_BODY_TOO_LARGE',
        `A GraphQL request through the proxy has ${largestBody} bytes at the most.`,
      )
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function malformed(message: string): ProxyRefusal {
  return new ProxyRefusal(400, 'PROXY_REQUEST_MALFORMED', message)
}
