import { randomUUID } from 'node:crypto'
import { Refusal } from '../../../domain/index.ts'
import { type AskingCaller, asked } from './asked.ts'
import type { AccessCaller } from './callers.ts'
import { operation, rootField, selectionOf } from './documents.ts'
import type { AccessServer } from './organization.ts'
import type { Things } from './things.ts'

/** What somebody was answered. */
export type AccessAnswer = {
  readonly status: number
  readonly text: string
  /** Of the first error, or of the refusal that the answer itself says. */
  readonly code: string | undefined
  /** Whether there is something in the field's place. */
  readonly isAnswered: boolean
}

/** A call that is ready to be sent. */
export type ReadyCall = {
  readonly caller: AccessCaller
  readonly send: () => Promise<AccessAnswer>
}

/** Makes what a line of the table asks about; what is sent then changes nothing else. */
export async function askAs(
  { server }: AccessServer,
  caller: AccessCaller,
  name: string,
  things: Things,
): Promise<ReadyCall> {
  const line = asked[name] ?? {}
  const root = name.split(' ')[0] ?? name
  const variables = (await line.arguments?.(things, asking(server, caller))) ?? {}
  await server.caughtUp()
  const query = operation(root, Object.keys(variables), line.selection ?? selectionOf(rootField(root)))
  return {
    caller,
    async send() {
      const { status, text } = await firstAnswer(`${server.url}/graphql`, caller.user.token, { query, variables })
      const { data, errors } = JSON.parse(text)
      const answered = data?.[root.split('.')[1] ?? ''] ?? null
      const code = errors?.[0].extensions.code ?? (answered === null ? undefined : line.refusalIn?.(answered))
      return { status, text, code, isAnswered: answered !== null }
    },
  }
}

/**
 * The same call with ids of somebody else: each kind of thing that it names for itself, while the others are the caller's own,
 * and all together.
 */
export async function foreignVariants(
  world: AccessServer,
  caller: AccessCaller,
  name: string,
  foreign: Things,
): Promise<readonly (ReadyCall & { readonly foreign: string })[]> {
  const kinds = await kindsNamedBy(world, caller, name)
  const variants = kinds.length > 1 ? [...kinds.map((kind) => [kind]), kinds] : kinds.map((kind) => [kind])
  return Promise.all(
    variants.map(async (replaced) => {
      const mixed = { ...caller.things, ...Object.fromEntries(replaced.map((kind) => [kind, foreign[kind]])) }
      return { foreign: replaced.join(', '), ...(await askAs(world, caller, name, mixed as Things)) }
    }),
  )
}

/** Which kinds of things the arguments of a line name. */
function kindsNamedBy(
  { server }: AccessServer,
  caller: AccessCaller,
  name: string,
): Promise<readonly (keyof Things)[]> {
  return kindsAskedOf(caller.things, (things) => asked[name]?.arguments?.(things, asking(server, caller)))
}

/** Which kinds of things somebody asks for, who is given things. */
export async function kindsAskedOf(
  things: Things,
  asks: (things: Things) => Promise<unknown> | undefined,
): Promise<readonly (keyof Things)[]> {
  const used = new Set<keyof Things>()
  const noticing = new Proxy(things, {
    get: (all, kind: keyof Things) => {
      used.add(kind)
      return all[kind]
    },
  })
  await asks(noticing)
  return [...used]
}

function asking(server: AccessServer['server'], { user }: AccessCaller): AskingCaller {
  return {
    user,
    // Who may submit nowhere may not upload either, and names an upload that there is not.
    upload: () =>
      server.upload(user).catch((error) => {
        if (error instanceof Refusal && /^(FORBIDDEN|API_TOKEN_SCOPE_EXCEEDED)$/.test(error.code)) return randomUUID()
        throw error
      }),
  }
}

/** A text without what differs between two answers about different things: ids, digests, moments and places in the log. */
export function differentOnlyInIds(text: string): string {
  return text
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replace(/[0-9a-f]{64}/g, 'DIGEST')
    .replace(/"[A-Za-z0-9+/]{40,}={0,2}"/g, '"NODE"')
}

/** The answer to a query or mutation, or the first of a subscription, which is left then. */
async function firstAnswer(
  url: string,
  token: string,
  body: { readonly query: string; readonly variables: object },
): Promise<{ readonly status: number; readonly text: string }> {
  const isSubscription = body.query.startsWith('subscription')
  const leave = new AbortController()
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      ...(isSubscription ? { accept: 'text/event-stream' } : {}),
    },
    body: JSON.stringify(body),
    signal: leave.signal,
  })
  const { status } = response
  if (!response.headers.get('content-type')?.startsWith('text/event-stream'))
    return { status, text: await response.text() }
  let received = ''
  const decoder = new TextDecoder()
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    received += decoder.decode(part.value, { stream: true })
    const next = /^event: next\ndata: (.*)\n\n/m.exec(received)
    if (next?.[1] === undefined) continue
    await reader.cancel()
    leave.abort()
    return { status, text: next[1] }
  }
  throw new Error(`The subscription ended without an answer: ${received}`)
}
