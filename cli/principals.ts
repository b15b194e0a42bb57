import { usageError } from './cli-error.ts'
import type { NamedPrincipal } from './documents/request-fields.ts'
import { parseId } from './entity-id.ts'

/** Who is to be named somewhere, as the service takes it. */
export type PrincipalInput = { readonly user: string } | { readonly group: string }

/** What options that name somebody say. */
export const principalForm = '<user:ID|group:ID>'

/**
 * Reads those whom a repeated option names.
 *
 * @throws CliError `USAGE` or `ID_MALFORMED` (exit code: usage)
 */
export function principalsOf(texts: readonly string[]): readonly PrincipalInput[] {
  return texts.map((text) => {
    const [kind, id, ...rest] = text.split(':')
    if (id === undefined || rest.length > 0 || (kind !== 'user' && kind !== 'group'))
      throw usageError(`Name a user as user:ID or a group as group:ID; got ${JSON.stringify(text.slice(0, 60))}.`)
    return kind === 'user' ? { user: parseId(id, 'user') } : { group: parseId(id, 'group') }
  })
}

/** Those whom the service names, as it takes them. */
export function asInputs(named: readonly NamedPrincipal[]): readonly PrincipalInput[] {
  return named.flatMap(({ user, group }): readonly PrincipalInput[] => {
    if (user !== null) return [{ user: user.userId }]
    return group === null ? [] : [{ group: group.groupId }]
  })
}
