import type { Instant } from '../event.ts'
import type { ProjectId } from '../ids.ts'
import { Refusal } from '../refusal.ts'
import type { TrustedBuildSystemFacts, TrustedBuildSystemLink, TrustedBuildSystemTokenFacts } from './events.ts'
import type { WithProxyKeys } from './proxy-keys.ts'

/** A token as the state knows it. */
export type TrustedBuildSystemToken = TrustedBuildSystemTokenFacts & {
  /** `current` the newest, `replaced` one that works until a moment at the most, `ended` one that does not work. */
  readonly status: 'current' | 'replaced' | 'ended'
  /** Until when it works; `null` unless it is `replaced`. */
  readonly validUntil: Instant | null
}

/** A trusted build system that exists. */
export type TrustedBuildSystem = TrustedBuildSystemFacts &
  WithProxyKeys & {
    readonly status: 'enabled' | 'disabled'
    /** The oldest first. */
    readonly tokens: readonly TrustedBuildSystemToken[]
    /** Its links to projects, those that were made last at the end. */
    readonly links: readonly TrustedBuildSystemLink[]
    /** The projects of {@link links}, each once, in the same order. */
    readonly projects: readonly ProjectId[]
  }

/** Before and after it was created. */
export type TrustedBuildSystemState = { readonly status: 'none' } | TrustedBuildSystem

/** The trusted build system, if there is one. @throws Refusal `TRUSTED_BUILD_SYSTEM_NOT_FOUND` */
export function existingTrustedBuildSystem(state: TrustedBuildSystemState): TrustedBuildSystem {
  if (state.status === 'none')
    throw new Refusal('TRUSTED_BUILD_SYSTEM_NOT_FOUND', 'There is no such trusted build system.')
  return state
}

/** @throws Refusal `TRUSTED_BUILD_SYSTEM_DISABLED` */
export function refuseIfDisabled({ status, slug }: Pick<TrustedBuildSystem, 'status' | 'slug'>): void {
  if (status === 'disabled')
    throw new Refusal(
      'TRUSTED_BUILD_SYSTEM_DISABLED',
      `The trusted build system ${slug} is disabled; nothing counts that it vouches for.`,
    )
}
