import type { Reference } from './references.ts'
import type { SettingDifference, Settings } from './settings.ts'

/** What can be done to make something as a file says. */
export type ChangeAction =
  | 'create'
  | 'update'
  | 'changeMembers'
  | 'deactivate'
  | 'reactivate'
  | 'link'
  | 'changeLink'
  | 'unlink'

/** What a file can speak of. */
export type ChangedKind = 'group' | 'project' | 'signingPolicy' | 'trustedBuildSystem'

/** A change that makes something as a file says. */
export type PlannedChange = {
  readonly action: ChangeAction
  readonly kind: ChangedKind
  /** Of a group its name, of a project or build system its slug, of a policy both slugs: `demo/release`. */
  readonly name: string
  /** Null for what the file brings. */
  readonly id: string | null
  /** The newest revision that there was when it was planned; null for what is created. */
  readonly revision: number | null
  /** What is to be sent, in comparable form. */
  readonly settings: Settings
  readonly differences: readonly SettingDifference[]
  /** The project of a policy, and groups that the file brings: what must be there before. */
  readonly needs: readonly Reference[]
  /** A change that waits for approval already and does the same; null when there is none. */
  readonly proposedAs: string | null
}

/** What a change is made of, beyond what it changes. */
export type Draft = Partial<Pick<PlannedChange, 'id' | 'revision' | 'needs' | 'settings' | 'differences'>>

/** Adds a change to a plan. */
export type Planner = (action: ChangeAction, kind: ChangedKind, name: string, draft: Draft) => void

/** What stands for something that is changed or needed: `group:NAME`, `project:SLUG`, `signingPolicy:SLUG/SLUG`. */
export function keyOf({ kind, name }: Pick<PlannedChange, 'kind' | 'name'>): Reference {
  return `${kind}:${name}`
}

/** What people call a kind. */
export function noun(kind: ChangedKind): string {
  if (kind === 'trustedBuildSystem') return 'trusted build system'
  return kind === 'signingPolicy' ? 'policy' : kind
}
