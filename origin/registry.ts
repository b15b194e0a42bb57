import type { ZodError } from 'zod'
import { failedCheck, type OriginCheck, type TrustedBuildSystemKind } from '../domain/index.ts'
import { authenticationProxyConnector, customConnector } from './claim/claim-connector.ts'
import type { Connector, ConnectorTools, OriginFinding, OriginQuestion } from './connector.ts'
import type { HttpApi } from './http-api.ts'
import { OriginError } from './origin-error.ts'

/** One question to whichever connector knows the kind: what link and submission say is held against its schemas. */
export type UncheckedQuestion = Omit<OriginQuestion<unknown, unknown>, 'settings' | 'build'> & {
  readonly kind: TrustedBuildSystemKind
  readonly settings: unknown
  readonly build: unknown
}

/** The build systems that a process can ask. */
export interface Origins {
  /**
   * Asks the connector of the kind. What is wrong for good is a failed check of the finding, also where the connector could not
   * come to an end.
   *
   * @throws OriginError what may pass; `ORIGIN_KIND_UNSUPPORTED` for a kind that this release has no connector for
   */
  verify(question: UncheckedQuestion, tools: Omit<ConnectorTools, 'api'>): Promise<OriginFinding>
}

/** Opens the API at a base URL, which it may refuse. */
export type OpenApi = (place: {
  readonly system: string
  readonly baseUrl: string
  readonly signal: AbortSignal
}) => HttpApi

/** A connector as the registry has it: what is asked is held against its schemas first. */
export type RegisteredConnector = {
  readonly kind: TrustedBuildSystemKind
  readonly verify: (
    question: Omit<UncheckedQuestion, 'kind'>,
    tools: Omit<ConnectorTools, 'api'>,
    openApi: OpenApi,
  ) => Promise<OriginFinding>
}

/** Takes a connector in. */
export function registered<Settings, Build>(connector: Connector<Settings, Build>): RegisteredConnector {
  const { kind, linkSecrets = [], buildSecrets = [] } = connector
  return {
    kind,
    async verify(question, tools, openApi) {
      const settings = connector.settings.safeParse(question.settings)
      const build = connector.build.safeParse(question.build)
      const missing = [...linkSecrets, ...buildSecrets].filter((name) => tools.secrets[name] === undefined)
      if (!settings.success || !build.success || missing.length > 0) {
        const faults = [
          ...(settings.success ? [] : [malformed('linkSettings', 'ORIGIN_LINK_INVALID', settings.error)]),
          ...(build.success ? [] : [malformed('build', 'ORIGIN_BUILD_INVALID', build.error)]),
          ...missing.map(missingSecret),
        ]
        return { origin: null, proof: 'api', checks: faults, evidence: [] }
      }
      const baseUrl = connector.baseUrl(settings.data)
      const api = baseUrl === null ? nobody : openApi({ system: kind, baseUrl, signal: tools.signal })
      return connector.verify({ ...question, settings: settings.data, build: build.data }, { ...tools, api })
    },
  }
}

/** Connectors that ask nobody, and need nothing to be configured. */
export const claimConnectors: readonly RegisteredConnector[] = [
  registered(customConnector),
  registered(authenticationProxyConnector),
]

/** Puts connectors together. */
export function createOrigins(options: {
  readonly connectors: readonly RegisteredConnector[]
  readonly openApi: OpenApi
}): Origins {
  const connectors = new Map(options.connectors.map((each) => [each.kind, each]))
  return {
    async verify({ kind, ...question }, tools) {
      const connector = connectors.get(kind)
      if (connector === undefined)
        throw new OriginError(
          'ORIGIN_KIND_UNSUPPORTED',
          `This process cannot verify origins of ${kind}; it can those of ${[...connectors.keys()].join(', ')}.`,
          { isPassing: true },
        )
      try {
        return await connector.verify(question, tools, options.openApi)
      } catch (error) {
        if (!(error instanceof OriginError) || error.isPassing) throw error
        const { code, message } = error
        return { origin: null, proof: 'api', checks: [failedCheck('asking', { code, message }, {})], evidence: [] }
      }
    },
  }
}

/** For connectors that ask nobody. */
const nobody: HttpApi = { ask: refused, download: refused }

async function refused(): Promise<never> {
  throw new Error('A connector without a base URL asked an API.')
}

function malformed(name: string, code: string, { issues }: ZodError): OriginCheck {
  const faults = issues.slice(0, 5).map(({ path, message }) => `${path.join('.') || name}: ${message}`)
  const where =
    name === 'build' ? 'The submission says its build wrong' : 'The link of project and build system is wrong'
  return failedCheck(name, { code, message: `${where}: ${faults.join('; ')}.` }, { faults: faults.length })
}

function missingSecret(name: string): OriginCheck {
  return failedCheck(
    'secret',
    {
      code: 'ORIGIN_SECRET_MISSING',
      message: `The secret ${name} is missing, without which the build system cannot be asked. It comes with the link of project and build system, or with the submission.`,
    },
    { secret: name },
  )
}
