import { linkInvalid, secretMissing, type TrustedBuildSystemKind } from '../domain/index.ts'
import { appVeyorForms } from './app-veyor/forms.ts'
import { azureDevOpsForms } from './azure-devops/forms.ts'
import { buildCheck, type NamedBuild } from './check-build.ts'
import { authenticationProxyForms, customForms } from './claim/claim-connector.ts'
import type { ConnectorForms } from './connector.ts'
import { gitHubForms } from './github/settings.ts'
import { gitLabForms } from './gitlab/settings.ts'
import type { TokenClaims } from './identity-token/claims.ts'
import { jenkinsForms } from './jenkins/forms.ts'
import { oidcForms } from './oidc/settings.ts'
import { parseForm } from './parse-form.ts'
import { teamCityForms } from './team-city/forms.ts'

/** A JSON object. */
type JsonObject = Readonly<Record<string, unknown>>

/** What each kind of build system asks of links and submissions. Nobody is asked for it. */
export interface BuildSystemForms {
  /**
   * Checks what a link is to say, and answers it as it is to be recorded: as it was given, defaults left out.
   *
   * @param secrets the names of all secrets that the link will have
   * @throws Refusal `ORIGIN_LINK_INVALID`, `ORIGIN_SECRET_MISSING`, `PIPELINE_POLICY_…`
   */
  checkLink(kind: TrustedBuildSystemKind, settings: unknown, secrets: readonly string[]): JsonObject
  /** Addresses that are called for a link: of the API, and of the issuer of tokens. None for settings that cannot be used. */
  linkAddresses(kind: TrustedBuildSystemKind, settings: JsonObject): readonly string[]
  /** Names of the secrets that a link must have. */
  linkSecrets(kind: TrustedBuildSystemKind): readonly string[]
  /** Names of those that it can have besides. */
  optionalLinkSecrets(kind: TrustedBuildSystemKind): readonly string[]
  /**
   * Checks what a submission says of its build, and answers the same under the names that the kind has: fields as they are to be
   * recorded.
   *
   * @param isDemanded whether its origin is to be verified, for which the kind may need secrets of the submission
   * @throws Refusal `ORIGIN_BUILD_INVALID`, `ORIGIN_SECRET_UNKNOWN`, `ORIGIN_SECRET_MISSING`
   */
  checkBuild(kind: TrustedBuildSystemKind, build: NamedBuild, isDemanded: boolean): NamedBuild
  /** The field of a build that names its artifact where that is fetched; `undefined` where clients upload it. */
  artifactField(kind: TrustedBuildSystemKind): string | undefined
  /**
   * Whether claims of an identity token are of the issuer and the ids that a link pins, before anything of the token is believed.
   * Never for settings that cannot be used.
   */
  isOfLink(kind: TrustedBuildSystemKind, settings: JsonObject, claims: TokenClaims): boolean
}

/** The forms of one kind, whatever their types. */
type KindForms = {
  readonly secrets: Readonly<Record<'link' | 'optionalLink', readonly string[]>>
  readonly checkSettings: (settings: unknown, secrets: readonly string[]) => void
  readonly addresses: (settings: unknown) => readonly string[]
  readonly checkBuild: ReturnType<typeof buildCheck>
  readonly artifactField: string | undefined
  readonly isOfLink: (settings: unknown, claims: TokenClaims) => boolean
}

const forms: Readonly<Record<TrustedBuildSystemKind, KindForms>> = {
  githubActions: formsOf(gitHubForms, 'docs/github-actions.md'),
  gitlabCi: formsOf(gitLabForms, 'docs/gitlab.md'),
  jenkins: formsOf(jenkinsForms, 'docs/jenkins.md'),
  azureDevOps: formsOf(azureDevOpsForms, 'docs/azure-devops.md'),
  teamCity: formsOf(teamCityForms, 'docs/team-city.md'),
  appVeyor: formsOf(appVeyorForms, 'docs/app-veyor.md'),
  openIdConnect: formsOf(oidcForms, 'docs/oidc-issuers.md'),
  custom: formsOf(customForms),
  authenticationProxy: formsOf(authenticationProxyForms, 'docs/authentication-proxy.md'),
}

/** What the connectors of this release ask for. */
export const buildSystemForms: BuildSystemForms = {
  checkLink(kind, settings, secrets) {
    forms[kind].checkSettings(settings, secrets)
    return JSON.parse(JSON.stringify(settings))
  },
  linkAddresses: (kind, settings) => forms[kind].addresses(settings),
  linkSecrets: (kind) => forms[kind].secrets.link,
  optionalLinkSecrets: (kind) => forms[kind].secrets.optionalLink,
  checkBuild: (kind, build, isDemanded) => forms[kind].checkBuild(build, isDemanded),
  artifactField: (kind) => forms[kind].artifactField,
  isOfLink: (kind, settings, claims) => forms[kind].isOfLink(settings, claims),
}

function formsOf<Settings, Build>(connector: ConnectorForms<Settings, Build>, page?: string): KindForms {
  const { kind, linkSecrets = [], optionalLinkSecrets = [] } = connector
  const known = [...linkSecrets, ...optionalLinkSecrets]
  return {
    secrets: { link: linkSecrets, optionalLink: optionalLinkSecrets },
    checkSettings(settings, secrets) {
      const read = parseForm(connector.settings, settings, 'settings')
      if ('faults' in read) {
        const { faults, field } = read
        throw linkInvalid(page === undefined ? faults : [...faults, `${page} says which settings there are`], field)
      }
      for (const name of secrets)
        if (!known.includes(name)) throw linkInvalid([`secrets.${name}: ${secretsOf(kind, known)}`], `secrets.${name}`)
      const missing = linkSecrets.find((name) => !secrets.includes(name))
      if (missing !== undefined) throw secretMissing(missing, 'the link of project and build system')
      connector.checkLink?.(read.value, secrets)
    },
    addresses(settings) {
      const read = connector.settings.safeParse(settings)
      return read.success ? [...new Set(connector.addresses?.(read.data) ?? [])] : []
    },
    checkBuild: buildCheck(connector),
    artifactField: connector.artifactField,
    isOfLink(settings, claims) {
      const read = connector.settings.safeParse(settings)
      return read.success && connector.isOfLink?.(read.data, claims) === true
    },
  }
}

function secretsOf(kind: TrustedBuildSystemKind, known: readonly string[]): string {
  return known.length === 0
    ? `a link with a build system of the kind ${kind} has no secrets`
    : `a link with a build system of the kind ${kind} has no such secret, but ${known.join(', ')}`
}
