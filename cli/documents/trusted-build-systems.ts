import { typedDocument } from '../connection/graphql.ts'
import type { Connected } from './requests.ts'

/** GraphQL's names of the kinds of build systems. */
export const buildSystemKinds = [
  'githubActions',
  'gitlabCi',
  'jenkins',
  'azureDevOps',
  'teamCity',
  'appVeyor',
  'openIdConnect',
  'custom',
  'authenticationProxy',
] as const

/** What is shown of a trusted build system in a list. */
export type BuildSystemSummary = {
  readonly trustedBuildSystemId: string
  readonly slug: string
  readonly name: string
  readonly description: string | null
  readonly kind: string
  /** `enabled` or `disabled`. */
  readonly status: string
  readonly projectCount: number
  /** Of the newest event. */
  readonly revision: number
}

/** A project that a build system is linked to. */
export type LinkedProject = { readonly projectId: string; readonly slug: string; readonly name: string }

/** A link of a build system, without its secrets' values, which nobody is shown. */
export type BuildSystemLink = {
  readonly settings: Readonly<Record<string, unknown>>
  readonly secrets: readonly { readonly name: string; readonly setAt: string }[]
}

/** A secret of a link, as it is given. */
export type LinkSecretInput = { readonly name: string; readonly value: string }

/** Everything about a trusted build system but its projects. */
export type BuildSystemDetails = BuildSystemSummary & {
  readonly createdAt: string
  readonly tokens: readonly {
    readonly tokenId: string
    readonly prefix: string
    /** `current`, `replaced` or `ended`. */
    readonly status: string
    readonly issuedAt: string
    readonly validUntil: string | null
  }[]
  /** Of its authentication proxies. */
  readonly proxyKeys: readonly {
    readonly keyId: string
    readonly publicKey: string
    /** `registered` or `removed`. */
    readonly status: string
    readonly registeredAt: string
  }[]
}

/** A change of a trusted build system that is in the log, or was proposed. */
export type BuildSystemChange = {
  readonly trustedBuildSystemId: string
  readonly position: string
  readonly changeProposalId: string | null
}

/** A change that made a token. */
export type BuildSystemToken = BuildSystemChange & { readonly tokenId: string; readonly token: string }

const summaryFields = 'trustedBuildSystemId slug name description kind status projectCount revision'
const changeFields = 'trustedBuildSystemId position changeProposalId'
const linkFields = 'settings secrets { name setAt }'

/** Trusted build systems, by slug. */
export const listBuildSystems = typedDocument<
  { readonly trustedBuildSystems: Connected<BuildSystemSummary> },
  { readonly first: number; readonly after: string | null }
>(`query ListBuildSystems($first: Int, $after: String) {
  trustedBuildSystems(first: $first, after: $after) { nodes { ${summaryFields} } pageInfo { hasNextPage endCursor } }
}`)

/** One trusted build system by its id or its slug, with a page of the projects that it is linked to. */
export const oneBuildSystem = typedDocument<
  {
    readonly trustedBuildSystem:
      | (BuildSystemDetails & {
          readonly links: Connected<BuildSystemLink & { readonly project: LinkedProject | null }>
        })
      | null
  },
  {
    readonly id: string | null
    readonly slug: string | null
    readonly first: number
    readonly after: string | null
  }
>(`query OneBuildSystem($id: ID, $slug: String, $first: Int, $after: String) {
  trustedBuildSystem(id: $id, slug: $slug) {
    ${summaryFields} createdAt
    tokens { tokenId prefix status issuedAt validUntil }
    proxyKeys { keyId publicKey status registeredAt }
    links(first: $first, after: $after) {
      nodes { project { projectId slug name } ${linkFields} }
      pageInfo { hasNextPage endCursor }
    }
  }
}`)

type ChangeInput = { readonly trustedBuildSystemId: string; readonly basedOnRevision: number }
type Settings = { readonly name: string; readonly description: string | null }

/** Creates a trusted build system with its first token. */
export const createBuildSystem = typedDocument<
  { readonly createTrustedBuildSystem: BuildSystemToken },
  { readonly input: Settings & { readonly slug: string; readonly kind: string } }
>(`mutation CreateBuildSystem($input: CreateTrustedBuildSystemInput!, $changeReason: String) {
  createTrustedBuildSystem(input: $input, changeReason: $changeReason) { ${changeFields} tokenId token }
}`)

/** Gives a trusted build system another name and description. */
export const updateBuildSystem = typedDocument<
  { readonly updateTrustedBuildSystem: BuildSystemChange },
  { readonly input: ChangeInput & Settings }
>(`mutation UpdateBuildSystem($input: UpdateTrustedBuildSystemInput!, $changeReason: String) {
  updateTrustedBuildSystem(input: $input, changeReason: $changeReason) { ${changeFields} }
}`)

/** Gives a trusted build system a new token. */
export const rotateBuildSystemToken = typedDocument<
  { readonly rotateTrustedBuildSystemToken: BuildSystemToken },
  { readonly input: ChangeInput & { readonly previousTokenValidUntil: string | null } }
>(`mutation RotateBuildSystemToken($input: RotateTrustedBuildSystemTokenInput!, $changeReason: String) {
  rotateTrustedBuildSystemToken(input: $input, changeReason: $changeReason) { ${changeFields} tokenId token }
}`)

/** Disables a trusted build system. */
export const disableBuildSystem = typedDocument<
  { readonly disableTrustedBuildSystem: BuildSystemChange },
  { readonly input: ChangeInput & { readonly reason: string | null } }
>(`mutation DisableBuildSystem($input: DisableTrustedBuildSystemInput!) {
  disableTrustedBuildSystem(input: $input) { ${changeFields} }
}`)

/** Lets a trusted build system vouch again. */
export const enableBuildSystem = typedDocument<
  { readonly enableTrustedBuildSystem: BuildSystemChange },
  { readonly input: ChangeInput }
>(`mutation EnableBuildSystem($input: EnableTrustedBuildSystemInput!, $changeReason: String) {
  enableTrustedBuildSystem(input: $input, changeReason: $changeReason) { ${changeFields} }
}`)

/** Links a trusted build system to a project. */
export const linkBuildSystem = typedDocument<
  { readonly linkTrustedBuildSystem: BuildSystemChange },
  {
    readonly input: ChangeInput & {
      readonly projectId: string
      readonly settings?: BuildSystemLink['settings']
      readonly secrets?: readonly LinkSecretInput[]
    }
  }
>(`mutation LinkBuildSystem($input: LinkTrustedBuildSystemInput!, $changeReason: String) {
  linkTrustedBuildSystem(input: $input, changeReason: $changeReason) { ${changeFields} }
}`)

/** Gives a link other settings or secrets. */
export const changeBuildSystemLink = typedDocument<
  { readonly changeTrustedBuildSystemLink: BuildSystemChange },
  {
    readonly input: ChangeInput & {
      readonly projectId: string
      readonly settings?: BuildSystemLink['settings']
      readonly secrets?: readonly { readonly name: string; readonly value: string | null }[]
    }
  }
>(`mutation ChangeBuildSystemLink($input: ChangeTrustedBuildSystemLinkInput!, $changeReason: String) {
  changeTrustedBuildSystemLink(input: $input, changeReason: $changeReason) { ${changeFields} }
}`)

/** The links of a project. */
export const linksOfProject = typedDocument<
  {
    readonly project: {
      readonly trustedBuildSystemLinks: readonly (BuildSystemLink & { readonly trustedBuildSystemId: string })[]
    } | null
  },
  { readonly id: string }
>(`query LinksOfProject($id: ID!) {
  project(id: $id) { trustedBuildSystemLinks { trustedBuildSystemId ${linkFields} } }
}`)

/** Ends that. */
export const unlinkBuildSystem = typedDocument<
  { readonly unlinkTrustedBuildSystem: BuildSystemChange },
  { readonly input: ChangeInput & { readonly projectId: string } }
>(`mutation UnlinkBuildSystem($input: UnlinkTrustedBuildSystemInput!) {
  unlinkTrustedBuildSystem(input: $input) { ${changeFields} }
}`)

/** Registers the key of an authentication proxy. */
export const registerProxyKey = typedDocument<
  { readonly registerProxyKey: BuildSystemChange & { readonly keyId: string } },
  { readonly input: ChangeInput & { readonly publicKey: string } }
>(`mutation RegisterProxyKey($input: RegisterProxyKeyInput!, $changeReason: String) {
  registerProxyKey(input: $input, changeReason: $changeReason) { ${changeFields} keyId }
}`)

/** Removes one. */
export const removeProxyKey = typedDocument<
  { readonly removeProxyKey: BuildSystemChange },
  { readonly input: ChangeInput & { readonly keyId: string; readonly reason: string | null } }
>(`mutation RemoveProxyKey($input: RemoveProxyKeyInput!) {
  removeProxyKey(input: $input) { ${changeFields} }
}`)
