import { usageError } from '../cli-error.ts'
import { isId } from '../entity-id.ts'
import { faultList } from '../settings-file.ts'
import type { CurrentState } from './current-state.ts'
import type { OrganizationFile, PrincipalInFile } from './organization-file.ts'

/**
 * Somebody whom settings name, as texts that can be compared: `user:ID`, `group:ID`, or `group:NAME` of a group that the
 * file brings.
 */
export type Reference = string

/** Finds what the names of a file stand for. What it does not find it remembers, and {@link References.check} says all of it. */
export type References = {
  /** @param at where the file names it */
  readonly user: (name: string, at: string) => Reference
  readonly group: (name: string, at: string) => Reference
  readonly principals: (named: readonly PrincipalInFile[], at: string) => readonly Reference[]
  /** The id of a certificate. */
  readonly certificate: (name: string, at: string) => string
  /** Remembers something else that is wrong. */
  readonly fault: (at: string, what: string) => void
  /** What people call it. */
  readonly nameOf: (reference: Reference) => string
  /** @throws CliError `REFERENCE_NOT_FOUND` (exit code: usage) */
  readonly check: (path: string) => void
}

type Candidate = { readonly id: string; readonly names: readonly (string | null)[] }

/** Names are looked up among what there is, and groups also among those that the file brings. */
export function createReferences(current: CurrentState, file: OrganizationFile): References {
  const users = current.users.map(({ userId, name, email, status }) => ({
    id: userId,
    // Who was deactivated can be named by their id only: a name stands for who answers to it now.
    names: status === 'active' ? [name, email?.toLowerCase() ?? null] : [],
  }))
  const groups = current.groups.map(({ groupId, name }) => ({ id: groupId, names: [name] }))
  const certificates = current.certificates.map(({ certificateId, name }) => ({ id: certificateId, names: [name] }))
  const names = new Map<string, string>([
    ...current.users.map(({ userId, name }) => [`user:${userId}`, name] as const),
    ...current.groups.map(({ groupId, name }) => [`group:${groupId}`, name] as const),
    ...current.certificates.map(({ certificateId, name }) => [certificateId, name] as const),
  ])
  const faults: string[] = []

  function find(candidates: readonly Candidate[], name: string, noun: string, at: string): string | undefined {
    if (isId(name)) {
      const id = name.toLowerCase()
      if (candidates.some((candidate) => candidate.id === id)) return id
    }
    const found = candidates.filter((candidate) => candidate.names.includes(name))
    if (found.length === 1) return found[0]?.id
    const fault =
      found.length === 0
        ? `there is no ${noun} ${name}`
        : `${found.length} ${noun}s are called ${name}: name one by its id (${found.map(({ id }) => id).join(', ')})`
    faults.push(`${at}: ${fault}`)
    return undefined
  }

  const user = (name: string, at: string) =>
    `user:${find(users, name.includes('@') ? name.toLowerCase() : name, 'user', at)}`
  const group = (name: string, at: string) => {
    const isNew = file.groups?.some((each) => each.name === name) && !groups.some((each) => each.names.includes(name))
    return `group:${isNew ? name : find(groups, name, 'group', at)}`
  }
  return {
    user,
    group,
    principals: (named, at) =>
      named.map((each, index) => {
        const where = `${at}[${index}]`
        return 'user' in each ? user(each.user, where) : group(each.group, where)
      }),
    certificate: (name, at) => find(certificates, name, 'certificate', at) ?? '',
    fault: (at, what) => void faults.push(`${at}: ${what}`),
    nameOf: (reference) => names.get(reference) ?? reference.replace(/^(user|group):/, ''),
    check(path) {
      if (faults.length === 0) return
      throw usageError(
        `${path} names what is not there: ${faultList(faults)}`,
        '`countersign user list`, `group list` and `certificate list` show what there is; nothing was changed.',
        'REFERENCE_NOT_FOUND',
      )
    },
  }
}
