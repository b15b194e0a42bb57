import type { ZodError } from 'zod'
import { failedCheck, type OriginCheck, type Sha256Digest, type TrustedBuildSystemKind } from '../domain/index.ts'
import { authenticationProxyConnector, customConnector } from './claim/claim-connector.ts'
import { withUploadCompared } from './compare-upload.ts'
import type { Connector, ConnectorTools, FetchedArtifact, OriginFinding, OriginQuestion } from './connector.ts'
import { type EarlyFinding, earlyFinding } from './early-finding.ts'
import type { HttpApi } from './http-api.ts'
import { OriginError, type OriginErrorCode } from './origin-error.ts'

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
  /**
   * What can be found before the artifact is there and anything is recorded: of an identity token all that it says, else whether the
   * build system takes the credentials.
   *
   * @param options.isWhole whether a build that is wrong is refused as well
   * @throws Refusal with the code of the first check that failed for good
   * @throws OriginError `IDENTITY_TOKEN_…` that may pass
   */
  verifyEarly(
    question: UncheckedQuestion,
    tools: Omit<ConnectorTools, 'api'>,
    options?: { readonly isWhole?: boolean },
  ): Promise<EarlyFinding>
  /**
   * Gets an artifact from where the build system of the kind keeps it.
   *
   * @throws OriginError as the connector does; `ORIGIN_LINK_INVALID`, `ORIGIN_BUILD_INVALID`, `ORIGIN_SECRET_MISSING`;
   *   `ORIGIN_FETCH_UNSUPPORTED` for a kind whose clients upload artifacts; `ORIGIN_KIND_UNSUPPORTED`, which passes
   */
  fetchArtifact(question: UncheckedQuestion, tools: Omit<ConnectorTools, 'api'>): Promise<FetchedArtifact>
  /**
   * The SHA-256 that a build announced of an artifact which comes otherwise than from its system.
   *
   * @throws OriginError as {@link Origins.fetchArtifact}; `ORIGIN_ANNOUNCEMENT_UNSUPPORTED` for a kind whose builds announce none
   */
  announcedDigest(question: UncheckedQuestion, tools: Omit<ConnectorTools, 'api'>): Promise<Sha256Digest>
}

/** Opens the API at a base URL, which it may refuse. */
export type OpenApi = (place: {
  readonly system: string
  readonly baseUrl: string
  readonly signal: AbortSignal
}) => HttpApi

type Asked<Answer> = (
  question: Omit<UncheckedQuestion, 'kind'>,
  tools: Omit<ConnectorTools, 'api'>,
  openApi: OpenApi,
) => Promise<Answer>

/** A connector as the registry has it: what is asked is held against its schemas first. */
export type RegisteredConnector = {
  readonly kind: TrustedBuildSystemKind
  readonly verify: (
    question: Omit<UncheckedQuestion, 'kind'>,
    tools: Omit<ConnectorTools, 'api'>,
    openApi: OpenApi,
  ) => Promise<OriginFinding>
  /** The same of the identity token alone; left out where jobs have none. */
  readonly verifyToken?: (
    question: Omit<UncheckedQuestion, 'kind'>,
    tools: Omit<ConnectorTools, 'api'>,
  ) => Promise<OriginFinding>
  /** Left out where clients upload artifacts. */
  readonly fetchArtifact?: Asked<FetchedArtifact>
  /** Left out where builds announce no artifacts. */
  readonly announcedDigest?: Asked<Sha256Digest>
}

/** Takes a connector in. */
export function registered<Settings, Build>(connector: Connector<Settings, Build>): RegisteredConnector {
  const { kind, verifyToken, fetchArtifact, announcedDigest } = connector
  /** For what has no checks to give back. */
  function asked<Answer>(
    ask: (question: OriginQuestion<Settings, Build>, tools: ConnectorTools) => Promise<Answer>,
  ): Asked<Answer> {
    return async (question, tools, openApi) => {
      const read = readQuestion(connector, question, tools)
      if ('faults' in read) throw errorOf(read.faults)
      const api = apiOf(connector, read.settings, tools, openApi)
      return ask({ ...question, ...read }, { ...tools, api })
    }
  }
  return {
    kind,
    async verify(question, tools, openApi) {
      const read = readQuestion(connector, question, tools)
      if ('faults' in read) return { origin: null, proof: 'api', checks: read.faults, evidence: [] }
      const ofBuild = { ...question, ...read }
      const withApi = { ...tools, api: apiOf(connector, read.settings, tools, openApi) }
      const finding = await connector.verify(ofBuild, withApi)
      return fetchArtifact === undefined || question.isFetched
        ? finding
        : withUploadCompared(finding, question.artifact, () => fetchArtifact(ofBuild, withApi), tools.signal)
    },
    ...(fetchArtifact !== undefined && { fetchArtifact: asked(fetchArtifact) }),
    ...(announcedDigest !== undefined && { announcedDigest: asked(announcedDigest) }),
    ...(verifyToken !== undefined && {
      async verifyToken(question, tools) {
        const read = readQuestion(connector, question, tools)
        if ('faults' in read) return { origin: null, proof: 'identityToken', checks: read.faults, evidence: [] }
        return verifyToken({ ...question, ...read }, tools)
      },
    }),
  }
}

/** The API that a link names; one that asks nobody where it names none. */
function apiOf<Settings, Build>(
  { kind, baseUrl }: Pick<Connector<Settings, Build>, 'kind' | 'baseUrl'>,
  settings: Settings,
  { signal }: Pick<ConnectorTools, 'signal'>,
  openApi: OpenApi,
): HttpApi {
  const address = baseUrl(settings)
  return address === null ? nobody : openApi({ system: kind, baseUrl: address, signal })
}

/** What link and submission say, in the forms of a connector, or what is wrong with it. */
function readQuestion<Settings, Build>(
  { settings: ofLink, build: ofBuild, linkSecrets = [], buildSecrets = [] }: Connector<Settings, Build>,
  question: Omit<UncheckedQuestion, 'kind'>,
  { secrets }: Pick<ConnectorTools, 'secrets'>,
): { readonly settings: Settings; readonly build: Build } | { readonly faults: readonly OriginCheck[] } {
  const settings = ofLink.safeParse(question.settings)
  const build = ofBuild.safeParse(question.build)
  const missing = [...linkSecrets, ...buildSecrets].filter((name) => secrets[name] === undefined)
  if (settings.success && build.success && missing.length === 0) return { settings: settings.data, build: build.data }
  return {
    faults: [
      ...(settings.success ? [] : [malformed('linkSettings', 'ORIGIN_LINK_INVALID', settings.error)]),
      ...(build.success ? [] : [malformed('build', 'ORIGIN_BUILD_INVALID', build.error)]),
      ...missing.map(missingSecret),
    ],
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

  function connectorOf(kind: TrustedBuildSystemKind): RegisteredConnector {
    const connector = connectors.get(kind)
    if (connector !== undefined) return connector
    throw new OriginError(
      'ORIGIN_KIND_UNSUPPORTED',
      `This process cannot verify origins of ${kind}; it can those of ${[...connectors.keys()].join(', ')}.`,
      { isPassing: true },
    )
  }

  async function verify({ kind, ...question }: UncheckedQuestion, tools: Omit<ConnectorTools, 'api'>) {
    try {
      return await connectorOf(kind).verify(question, tools, options.openApi)
    } catch (error) {
      if (!(error instanceof OriginError) || error.isPassing) throw error
      const { code, message } = error
      const checks = [failedCheck('asking', { code, message }, {})]
      return { origin: null, proof: 'api', checks, evidence: [] } satisfies OriginFinding
    }
  }

  return {
    verify,
    async verifyEarly(question, tools, { isWhole = false } = {}) {
      const { verifyToken } = connectorOf(question.kind)
      const byToken =
        tools.secrets.identityToken === undefined || verifyToken === undefined
          ? null
          : await earlyFinding(() => verifyToken(question, tools))
      if (byToken !== null && !isWhole) return byToken
      return (await earlyFinding(() => verify({ ...question, artifact: null }, tools), { isWhole })) ?? byToken
    },
    async fetchArtifact({ kind, ...question }, tools) {
      const { fetchArtifact } = connectorOf(kind)
      if (fetchArtifact !== undefined) return fetchArtifact(question, tools, options.openApi)
      throw new OriginError(
        'ORIGIN_FETCH_UNSUPPORTED',
        `Artifacts of a build system of the kind ${kind} are not fetched: whoever submits one uploads it, or names a link.`,
      )
    },
    async announcedDigest({ kind, ...question }, tools) {
      const { announcedDigest } = connectorOf(kind)
      if (announcedDigest !== undefined) return announcedDigest(question, tools, options.openApi)
      throw new OriginError(
        'ORIGIN_ANNOUNCEMENT_UNSUPPORTED',
        `Builds of a build system of the kind ${kind} announce no SHA-256 of artifacts that are uploaded.`,
      )
    },
  }
}

/** For connectors that ask nobody. */
const nobody: HttpApi = { ask: refused, download: refused }

/** What is wrong with a question first, as an error. */
function errorOf([first]: readonly OriginCheck[]): OriginError {
  const code = (first?.code ?? 'ORIGIN_BUILD_INVALID') as OriginErrorCode
  return new OriginError(code, first?.message ?? 'The artifact cannot be asked for.')
}

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
