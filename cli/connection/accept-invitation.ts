import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { usageError } from '../cli-error.ts'
import type { Terminal } from '../terminal.ts'
import { callService } from './call-service.ts'
import { problemOf, readJson } from './graphql.ts'
import { resourceOf, type ServerAddress } from './server-address.ts'
import { serviceError, unexpectedAnswer } from './service-error.ts'

/** Somebody who has accepted an invitation, with their first API token. */
export type AcceptedInvitation = { readonly userId: string; readonly apiTokenId: string; readonly token: string }

/** The longest answer may take, in milliseconds. */
const longestAnswerMs = 60_000

/**
 * Sends the token of an invitation to `POST /invitations/accept`.
 *
 * @throws CliError with the service's code, or `SERVER_UNREACHABLE`, `SERVER_UNAVAILABLE`, `ANSWER_UNEXPECTED`
 */
export async function acceptInvitation(
  server: ServerAddress,
  input: { readonly invitation: string; readonly tokenName?: string },
): Promise<AcceptedInvitation> {
  const response = await callService({ server }, resourceOf(server, 'invitations/accept'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(input),
    signal: AbortSignal.timeout(longestAnswerMs),
  })
  const body = await readJson({ server }, response)
  if (!response.ok) {
    const problem = problemOf(body, response.status)
    throw problem === undefined ? unexpectedAnswer(server, response) : serviceError(problem)
  }
  const { userId, apiTokenId, token } = (body ?? {}) as Partial<AcceptedInvitation>
  if (typeof userId !== 'string' || typeof apiTokenId !== 'string' || typeof token !== 'string')
    throw unexpectedAnswer(server, response)
  return { userId, apiTokenId, token }
}

/**
 * The token of an invitation: `COUNTERSIGN_INVITATION`, the file that `COUNTERSIGN_INVITATION_FILE` names, or a line of the
 * standard input. It is no argument: everybody on a machine sees those.
 *
 * @throws CliError `INVITATION_MISSING`
 */
export async function readInvitation(terminal: Terminal): Promise<string> {
  const { COUNTERSIGN_INVITATION, COUNTERSIGN_INVITATION_FILE } = terminal.environment
  const given = COUNTERSIGN_INVITATION || fileOf(terminal, COUNTERSIGN_INVITATION_FILE)
  const invitation = (given ?? (await terminal.ask(terminal.canAsk ? 'The token of the invitation: ' : ''))).trim()
  if (invitation === '') throw missing('No invitation is given.')
  return invitation
}

function fileOf({ workingDirectory }: Terminal, path: string | undefined): string | undefined {
  if (!path) return undefined
  try {
    return readFileSync(resolve(workingDirectory, path), 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw missing(`COUNTERSIGN_INVITATION_FILE names ${path}, which cannot be read (${code}).`)
  }
}

function missing(message: string) {
  return usageError(
    message,
    'Send the token on the standard input, or set COUNTERSIGN_INVITATION, or COUNTERSIGN_INVITATION_FILE to a file that holds it.',
    'INVITATION_MISSING',
  )
}
