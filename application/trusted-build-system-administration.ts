import { streams, type TrustedBuildSystemId } from '../domain/index.ts'
import type { Requester } from './caller.ts'
import type { ChangeCall } from './guard.ts'
import type { BasedOn } from './handle-command.ts'
import type { ApplicationDependencies } from './ports.ts'
import {
  type ProxyKeyRegistered,
  type ProxyKeyRegistration,
  type ProxyKeyRemoval,
  registerProxyKey,
  removeProxyKey,
} from './proxy-keys.ts'
import {
  changeTrustedBuildSystemLink,
  linkTrustedBuildSystem,
  type TrustedBuildSystemLinking,
  type TrustedBuildSystemLinkReference,
  type TrustedBuildSystemLinkUpdate,
  unlinkTrustedBuildSystem,
} from './trusted-build-system-links.ts'
import {
  type BuildSystemTokenRotation,
  createTrustedBuildSystem,
  disableTrustedBuildSystem,
  enableTrustedBuildSystem,
  type IssuedBuildSystemToken,
  rotateTrustedBuildSystemToken,
  type TrustedBuildSystemDisabling,
  type TrustedBuildSystemHandled,
  type TrustedBuildSystemInput,
  type TrustedBuildSystemUpdate,
  updateTrustedBuildSystem,
} from './trusted-build-systems.ts'

/** The use cases of those who administer trusted build systems. */
export interface TrustedBuildSystemAdministration {
  /** Creates one with its first token. @throws Refusal `FORBIDDEN`, `TRUSTED_BUILD_SYSTEM_SLUG_TAKEN`, and as its decider */
  createTrustedBuildSystem(requester: Requester, input: TrustedBuildSystemInput): Promise<IssuedBuildSystemToken>

  /** Gives one another name and description. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as its decider */
  updateTrustedBuildSystem(requester: Requester, input: TrustedBuildSystemUpdate): Promise<TrustedBuildSystemHandled>

  /** Gives one a new token. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as its decider */
  rotateTrustedBuildSystemToken(requester: Requester, input: BuildSystemTokenRotation): Promise<IssuedBuildSystemToken>

  /** Disables one. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as its decider */
  disableTrustedBuildSystem(
    requester: Requester,
    input: TrustedBuildSystemDisabling,
  ): Promise<TrustedBuildSystemHandled>

  /** Lets one vouch again. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as its decider */
  enableTrustedBuildSystem(
    requester: Requester,
    input: BasedOn & { readonly trustedBuildSystemId: TrustedBuildSystemId },
  ): Promise<TrustedBuildSystemHandled>

  /**
   * Links one to a project, with settings and secrets.
   *
   * @throws Refusal `FORBIDDEN`, `PROJECT_NOT_FOUND`, `ORIGIN_SECRET_MISSING`, `PIPELINE_POLICY_…`, `CHANGE_STALE`, and as its decider
   */
  linkTrustedBuildSystem(requester: Requester, input: TrustedBuildSystemLinking): Promise<TrustedBuildSystemHandled>

  /**
   * Gives a link other settings or secrets.
   *
   * @throws Refusal `FORBIDDEN`, `ORIGIN_SECRET_MISSING`, `PIPELINE_POLICY_…`, `CHANGE_STALE`, and as its decider
   */
  changeTrustedBuildSystemLink(
    requester: Requester,
    input: TrustedBuildSystemLinkUpdate,
  ): Promise<TrustedBuildSystemHandled>

  /** Ends a link to a project. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as its decider */
  unlinkTrustedBuildSystem(
    requester: Requester,
    input: TrustedBuildSystemLinkReference,
  ): Promise<TrustedBuildSystemHandled>

  /** Registers the key of an authentication proxy. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as its decider */
  registerProxyKey(requester: Requester, input: ProxyKeyRegistration): Promise<ProxyKeyRegistered>

  /** Removes one. @throws Refusal `FORBIDDEN`, `CHANGE_STALE`, and as its decider */
  removeProxyKey(requester: Requester, input: ProxyKeyRemoval): Promise<TrustedBuildSystemHandled>
}

/** Puts them together, each behind the guard. */
export function createTrustedBuildSystemAdministration(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now' | 'secrets' | 'checkTarget' | 'buildSystems'>,
  change: ChangeCall,
): TrustedBuildSystemAdministration {
  const stream = ({ trustedBuildSystemId }: { readonly trustedBuildSystemId: TrustedBuildSystemId }) =>
    streams.trustedBuildSystem(trustedBuildSystemId)
  return {
    createTrustedBuildSystem: (requester, input) =>
      change('createTrustedBuildSystem', requester, undefined, () =>
        createTrustedBuildSystem(dependencies, requester, input),
      ),
    updateTrustedBuildSystem: (requester, input) =>
      change('updateTrustedBuildSystem', requester, stream(input), () =>
        updateTrustedBuildSystem(dependencies, requester, input),
      ),
    rotateTrustedBuildSystemToken: (requester, input) =>
      change('rotateTrustedBuildSystemToken', requester, stream(input), () =>
        rotateTrustedBuildSystemToken(dependencies, requester, input),
      ),
    disableTrustedBuildSystem: (requester, input) =>
      change('disableTrustedBuildSystem', requester, stream(input), () =>
        disableTrustedBuildSystem(dependencies, requester, input),
      ),
    enableTrustedBuildSystem: (requester, input) =>
      change('enableTrustedBuildSystem', requester, stream(input), () =>
        enableTrustedBuildSystem(dependencies, requester, input),
      ),
    linkTrustedBuildSystem: (requester, input) =>
      change('linkTrustedBuildSystem', requester, stream(input), () =>
        linkTrustedBuildSystem(dependencies, requester, input),
      ),
    changeTrustedBuildSystemLink: (requester, input) =>
      change('changeTrustedBuildSystemLink', requester, stream(input), () =>
        changeTrustedBuildSystemLink(dependencies, requester, input),
      ),
    unlinkTrustedBuildSystem: (requester, input) =>
      change('unlinkTrustedBuildSystem', requester, stream(input), () =>
        unlinkTrustedBuildSystem(dependencies, requester, input),
      ),
    registerProxyKey: (requester, input) =>
      change('registerProxyKey', requester, stream(input), () => registerProxyKey(dependencies, requester, input)),
    removeProxyKey: (requester, input) =>
      change('removeProxyKey', requester, stream(input), () => removeProxyKey(dependencies, requester, input)),
  }
}
