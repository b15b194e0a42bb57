import { alertsThresholds, type ParameterDemand, type ScanningTool, securityAlertsThresholds } from './policy.ts'

/** What a ruleset says in its parameters. */
type Parameters = Readonly<Record<string, unknown>>

/**
 * Compares what a policy demands of the parameters of a rule with those of a ruleset.
 *
 * @returns the names of the parameters that are weaker than demanded, other, or not there; none where the rule is as demanded, or stricter
 */
export function weakerParameters(demanded: Readonly<Record<string, ParameterDemand>>, actual: Parameters): string[] {
  return Object.entries(demanded)
    .filter(([name, demand]) => !isMet(demand, Object.hasOwn(actual, name) ? actual[name] : undefined))
    .map(([name]) => name)
}

function isMet(demand: ParameterDemand, actual: unknown): boolean {
  if (demand.compare === 'equal') return actual === demand.value
  if (demand.compare === 'atLeast') return typeof actual === 'number' && actual >= demand.value
  if (demand.compare === 'atMost') return typeof actual === 'number' && actual <= demand.value
  const entries: readonly unknown[] = Array.isArray(actual) ? actual : []
  if (demand.compare === 'allOf') return demand.value.every((text) => entries.includes(text))
  return demand.value.every((tool) => entries.some((given) => isToolMet(tool, given)))
}

function isToolMet({ tools, alertsThreshold, securityAlertsThreshold }: ScanningTool, given: unknown): boolean {
  if (typeof given !== 'object' || given === null) return false
  const { tool, alerts_threshold, security_alerts_threshold } = given as Parameters
  return (
    typeof tool === 'string' &&
    tools.includes(tool) &&
    isAtLeast(alertsThresholds, alerts_threshold, alertsThreshold) &&
    isAtLeast(securityAlertsThresholds, security_alerts_threshold, securityAlertsThreshold)
  )
}

/** A threshold that nobody knows here is less than any. */
function isAtLeast(order: readonly string[], actual: unknown, demanded: string | null): boolean {
  return demanded === null || (typeof actual === 'string' && order.indexOf(actual) >= order.indexOf(demanded))
}
