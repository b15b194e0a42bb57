import { failedCheck, type OriginCheck, passedCheck } from '../../domain/verified-origin.ts'

/** What happens when a policy is not met: the request is refused, or an entry says so. */
export type PolicyLevel = 'enforce' | 'log'

/** What was compared, and why it is not as demanded; `null` where it is. */
export type Finding = {
  readonly name: string
  readonly inputs: Readonly<Record<string, string | null>>
  readonly fault: { readonly code: string; readonly message: string } | null
}

/** A finding as a check of the policy. */
export function checkOf(finding: Finding, policy: { readonly name: string; readonly level: PolicyLevel }): OriginCheck {
  const { name, fault } = finding
  const compared = { policy: policy.name, ...finding.inputs }
  return fault === null
    ? passedCheck(name, compared)
    : failedCheck(name, { ...fault, isLogged: policy.level === 'log' }, compared)
}

/** Some names in a sentence: the first of them, and how many there are beyond. */
export function some(names: readonly string[], most = 5): string {
  const beyond = names.length - most
  return names.slice(0, most).join(', ') + (beyond > 0 ? ` and ${beyond} more` : '')
}
