import { z } from 'zod'
import type { Instant } from '../../domain/index.ts'
import { pathOf } from '../http-api/index.ts'
import type { RulesetChange, RulesetHistory } from '../pipeline-policies/index.ts'
import type { Repository } from './answers.ts'
import { type GitHubClient, Unanswered } from './client.ts'

/** How far back the audit log reaches, in days. */
const auditedDays = 180
/** So many pages of the audit log are read: 5,000 entries. */
const mostPages = 50

const number = z.union([z.number(), z.string()]).transform(String)
const entryAnswer = z.object({
  action: z.string(),
  '@timestamp': z.number().nullish(),
  created_at: z.union([z.number(), z.string()]).nullish(),
  ruleset_id: number.nullish(),
  ruleset_old_enforcement: z.unknown().optional(),
  ruleset_rules_added: z.unknown().optional(),
  ruleset_rules_deleted: z.unknown().optional(),
  ruleset_rules_updated: z.unknown().optional(),
  ruleset_conditions_added: z.unknown().optional(),
  ruleset_conditions_deleted: z.unknown().optional(),
  ruleset_conditions_updated: z.unknown().optional(),
  ruleset_bypass_actors_added: z.unknown().optional(),
  ruleset_bypass_actors_deleted: z.unknown().optional(),
  ruleset_bypass_actors_updated: z.unknown().optional(),
})
const entriesAnswer = z.array(entryAnswer)
type Entry = z.output<typeof entryAnswer>

/**
 * Asks an organization's audit log for changes of rulesets, which only enterprise accounts have. Where it is not there, or the
 * token may not read it, rulesets are known by when they were last changed.
 */
export async function rulesetHistory(
  client: GitHubClient,
  { owner }: Repository,
  now: Instant,
): Promise<RulesetHistory> {
  if (owner.type !== 'Organization') return { kind: 'lastModified' }
  const from = new Date(Date.parse(now) - auditedDays * 24 * 3_600_000).toISOString()
  const question = {
    name: 'auditLog',
    path: pathOf('orgs', owner.login, 'audit-log'),
    schema: entriesAnswer,
    permission: 'organization administration: read',
  }
  // Without a day, entries of the last three months alone are found.
  const phrase = `action:repository_ruleset created:>=${from.slice(0, 10)}`
  const changes: RulesetChange[] = []
  let after: string | null = null
  for (let page = 0; page < mostPages; page += 1) {
    const query: Record<string, string> = { phrase, include: 'web', order: 'asc', ...(after !== null && { after }) }
    let answer: Awaited<ReturnType<typeof client.page<typeof entriesAnswer>>>
    try {
      answer = await client.page({ ...question, query })
    } catch (error) {
      if (error instanceof Unanswered && [401, 403, 404].includes(error.status)) return { kind: 'lastModified' }
      throw error
    }
    changes.push(...answer.value.flatMap(changeOf))
    if (answer.after === null) return { kind: 'auditLog', from, changes }
    after = answer.after
  }
  return { kind: 'lastModified' }
}

function changeOf(entry: Entry): RulesetChange[] {
  if (!entry.action.startsWith('repository_ruleset.') || entry.ruleset_id == null) return []
  const time = entry['@timestamp'] ?? entry.created_at
  const moment = time == null ? Number.NaN : new Date(time).getTime()
  const added = rulesOf(entry.ruleset_rules_added)
  const deleted = rulesOf(entry.ruleset_rules_deleted)
  const updated = rulesOf(entry.ruleset_rules_updated)
  const isKnown =
    entry.action === 'repository_ruleset.update' &&
    !Number.isNaN(moment) &&
    added !== null &&
    deleted !== null &&
    updated !== null
  return [
    {
      rulesetId: entry.ruleset_id,
      // One whose moment is not known may be of any.
      at: Number.isNaN(moment) ? '9999-12-31T23:59:59.999Z' : new Date(moment).toISOString(),
      action: isKnown ? 'updated' : 'unknown',
      changedEnforcement: isThere(entry.ruleset_old_enforcement),
      changedConditions: (['added', 'deleted', 'updated'] as const).some((how) =>
        isThere(entry[`ruleset_conditions_${how}`]),
      ),
      changedBypassActors: (['added', 'deleted', 'updated'] as const).some((how) =>
        isThere(entry[`ruleset_bypass_actors_${how}`]),
      ),
      addedOrDeleted: [...(added ?? []), ...(deleted ?? [])].map(({ type }) => type),
      updated: updated ?? [],
    },
  ]
}

/** A list, or JSON text of one. `null`: something else, which may say anything. */
function listOf(value: unknown): readonly unknown[] | null {
  if (value === undefined || value === null || value === '') return []
  if (Array.isArray(value)) return value
  if (typeof value !== 'string') return null
  try {
    const parsed: unknown = JSON.parse(value)
    return Array.isArray(parsed) ? parsed : null
  } catch {
    return null
  }
}

/** Whether there is something; a form that nobody knows is something. */
function isThere(value: unknown): boolean {
  const list = listOf(value)
  return list === null || list.length > 0
}

const ruleAnswer = z.object({
  rule_type: z.string().nullish(),
  type: z.string().nullish(),
  old_parameters: z.record(z.string(), z.unknown()).nullish(),
})

function rulesOf(value: unknown): RulesetChange['updated'] | null {
  const parsed = z.array(ruleAnswer).safeParse(listOf(value))
  if (!parsed.success) return null
  const rules = parsed.data.map(({ rule_type, type, old_parameters }) => ({
    type: rule_type ?? type ?? '',
    before: old_parameters ?? null,
  }))
  return rules.some(({ type }) => type === '') ? null : rules
}
