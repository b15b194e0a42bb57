import { typedDocument } from '../connection/graphql.ts'
import type { PrincipalInput } from '../principals.ts'
import { type NamedPrincipal, type NamedUser, principalFields } from './request-fields.ts'
import type { BuildSystemLink } from './trusted-build-systems.ts'

/** What of a project can be changed. */
export type ProjectSettings<Principal> = {
  readonly name: string
  readonly description: string | null
  readonly repositoryUrl: string | null
  readonly readers: readonly Principal[]
  readonly configurators: readonly Principal[]
}

/** Everything about a project. */
export type ProjectDetails = ProjectSettings<NamedPrincipal> & {
  readonly projectId: string
  readonly slug: string
  readonly status: string
  readonly revision: number
  readonly signingPolicies: readonly { readonly slug: string; readonly status: string }[]
  readonly trustedBuildSystems: readonly { readonly slug: string; readonly status: string }[]
  readonly trustedBuildSystemLinks: readonly (BuildSystemLink & {
    readonly trustedBuildSystem: { readonly slug: string } | null
  })[]
  readonly versions: readonly (ProjectSettings<NamedPrincipal> & {
    readonly version: number
    readonly madeAt: string
    readonly madeBy: { readonly kind: string; readonly user: NamedUser; readonly component: string | null }
  })[]
}

/** A change of a project that is in the log, or was proposed. */
export type ProjectChange = {
  readonly projectId: string
  readonly position: string
  readonly changeProposalId: string | null
}

const settingsFields = `name description repositoryUrl readers { ${principalFields} } configurators { ${principalFields} }`
const changeFields = 'projectId position changeProposalId'

/** One project by its id or its slug. */
export const oneProject = typedDocument<
  { readonly project: ProjectDetails | null },
  { readonly id: string | null; readonly slug: string | null }
>(`query OneProject($id: ID, $slug: String) {
  project(id: $id, slug: $slug) {
    projectId slug status revision ${settingsFields}
    signingPolicies { slug status }
    trustedBuildSystems { slug status }
    trustedBuildSystemLinks { trustedBuildSystem { slug } settings secrets { name setAt } }
    versions { version madeAt madeBy { kind component user { userId name } } ${settingsFields} }
  }
}`)

/** Creates a project. */
export const createProject = typedDocument<
  { readonly createProject: ProjectChange },
  { readonly input: ProjectSettings<PrincipalInput> & { readonly slug: string } }
>(
  `mutation CreateProject($input: CreateProjectInput!, $changeReason: String) { createProject(input: $input, changeReason: $changeReason) { ${changeFields} } }`,
)

/** Gives a project other settings. */
export const updateProject = typedDocument<
  { readonly updateProject: ProjectChange },
  {
    readonly input: ProjectSettings<PrincipalInput> & { readonly projectId: string; readonly basedOnRevision: number }
  }
>(
  `mutation UpdateProject($input: UpdateProjectInput!, $changeReason: String) { updateProject(input: $input, changeReason: $changeReason) { ${changeFields} } }`,
)

/** Puts a project out of use. */
export const deactivateProject = typedDocument<
  { readonly deactivateProject: ProjectChange },
  {
    readonly input: {
      readonly projectId: string
      readonly basedOnRevision: number
      readonly reason: string | null
    }
  }
>(
  `mutation DeactivateProject($input: DeactivateProjectInput!) { deactivateProject(input: $input) { ${changeFields} } }`,
)

/** Puts a project into use again. */
export const reactivateProject = typedDocument<
  { readonly reactivateProject: ProjectChange },
  { readonly input: { readonly projectId: string; readonly basedOnRevision: number } }
>(
  `mutation ReactivateProject($input: ReactivateProjectInput!, $changeReason: String) { reactivateProject(input: $input, changeReason: $changeReason) { ${changeFields} } }`,
)
