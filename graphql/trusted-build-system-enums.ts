import type { TrustedBuildSystemKind } from '../domain/index.ts'
import { builder } from './builder.ts'

/** Kinds of build systems. */
export const TrustedBuildSystemKindRef = builder.enumType('TrustedBuildSystemKind', {
  description: 'Which build system it is. Each is known by its token; what else is asked of one depends on its kind.',
  values: {
    githubActions: { value: 'githubActions' as const },
    gitlabCi: { value: 'gitlabCi' as const },
    jenkins: { value: 'jenkins' as const },
    azureDevOps: { value: 'azureDevOps' as const },
    teamCity: { value: 'teamCity' as const },
    appVeyor: { value: 'appVeyor' as const },
    openIdConnect: {
      value: 'openIdConnect' as const,
      description: 'Any build system whose jobs bring identity tokens of an issuer (OpenID Connect).',
    },
    custom: { value: 'custom' as const, description: 'Any caller that holds the token.' },
    authenticationProxy: {
      value: 'authenticationProxy' as const,
      description: 'A proxy that knows build nodes by their client certificates.',
    },
  } satisfies Record<TrustedBuildSystemKind, { value: TrustedBuildSystemKind; description?: string }>,
})

/** Whether a build system may vouch. */
export const TrustedBuildSystemStatusRef = builder.enumType('TrustedBuildSystemStatus', {
  values: { enabled: { value: 'enabled' as const }, disabled: { value: 'disabled' as const } },
})

/** Whether a token of a build system works. */
export const TrustedBuildSystemTokenStatusRef = builder.enumType('TrustedBuildSystemTokenStatus', {
  values: {
    current: { value: 'current' as const, description: 'The newest one.' },
    replaced: { value: 'replaced' as const, description: 'It works until `validUntil` beside the newest one.' },
    ended: { value: 'ended' as const, description: 'It does not work any more.' },
  },
})

/** Whether what is signed by a key of a proxy is believed. */
export const ProxyKeyStatusRef = builder.enumType('ProxyKeyStatus', {
  values: { registered: { value: 'registered' as const }, removed: { value: 'removed' as const } },
})
