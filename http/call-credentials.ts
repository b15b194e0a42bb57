import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { nodeStatementHeader } from '../domain/index.ts'
import { type BearerTokens, bearerTokens } from './bearer.ts'
import { announcedSha256 } from './content-digest.ts'

/** What a call brings to show who sends it. */
export type CallCredentials = BearerTokens & {
  /** The organization that the call is for, where the header {@link organizationHeader} names one. */
  readonly organizationId?: string
  /** What an authentication proxy says of the build node that it passed the call on for, and what of the call that must fit. */
  readonly statedCall?: {
    readonly statement: string
    readonly method: string
    readonly target: string
    readonly bodySha256: string | null
  }
}

/** The header in which calls name their organization by its id; only those by an identity token need to, where the address does not. */
const organizationHeader = 'countersign-organization'

/** The organization that a call names in its header. */
export function namedOrganization(headers: IncomingHttpHeaders): Pick<CallCredentials, 'organizationId'> {
  const named = headers[organizationHeader]
  return typeof named === 'string' ? { organizationId: named } : {}
}

/** Reads who sends a request, as its headers say; nothing of it is believed yet. */
export function callCredentials({ headers, method = '', url: target = '' }: IncomingMessage): CallCredentials {
  const tokens = { ...bearerTokens(headers.authorization), ...namedOrganization(headers) }
  const statement = headers[nodeStatementHeader]
  if (statement === undefined) return tokens
  // More than one of them is none: Node makes one text of them all.
  const bodySha256 = announcedSha256(headers['content-digest']?.toString())
  return { ...tokens, statedCall: { statement: String(statement), method, target, bodySha256 } }
}
