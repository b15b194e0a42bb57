import { typedDocument } from '../connection/graphql.ts'
import { type NamedPrincipal, principalFields } from './request-fields.ts'
import type { Connected } from './requests.ts'

/** What lists show of a certificate. Moments are ISO 8601; the thumbprint is SHA-256, hexadecimal. */
export type CertificateSummary = {
  readonly certificateId: string
  readonly name: string
  readonly kind: string
  readonly status: string
  readonly key: {
    readonly keyId: string
    readonly keyStore: string
    readonly algorithm: string
    /** Whether its private half was ever outside of a key store. */
    readonly potentiallyExposed: boolean
  } | null
  readonly subject: string | null
  readonly issuer: string | null
  readonly serialNumber: string | null
  readonly thumbprint: string | null
  /** Null, as what is above, until an authority has issued it. */
  readonly notBefore: string | null
  readonly notAfter: string | null
}

/** Fields of {@link CertificateSummary}. */
export const certificateFields =
  'certificateId name kind status key { keyId keyStore algorithm potentiallyExposed } subject issuer serialNumber thumbprint notBefore notAfter'

/** Certificates, newest first. */
export const listCertificates = typedDocument<
  { readonly certificates: Connected<CertificateSummary> },
  { readonly first: number; readonly after: string | null }
>(`query ListCertificates($first: Int, $after: String) {
  certificates(first: $first, after: $after) {
    nodes { ${certificateFields} }
    pageInfo { hasNextPage endCursor }
  }
}`)

/** One certificate with its chain: DER, base64, the signing one first; of an OpenPGP key its public half in ASCII armor instead. */
export const oneCertificate = typedDocument<
  {
    readonly certificate:
      | (CertificateSummary & { readonly chain: readonly string[]; readonly openPgpKey: string | null })
      | null
  },
  { readonly id: string }
>(`query OneCertificate($id: ID!) {
  certificate(id: $id) { ${certificateFields} chain openPgpKey }
}`)

/** What lists show of a project. */
export type ProjectSummary = {
  readonly projectId: string
  readonly slug: string
  readonly name: string
  readonly description: string | null
  readonly repositoryUrl: string | null
  readonly status: string
  readonly signingPolicies: readonly { readonly slug: string; readonly status: string }[]
}

/** Projects by slug. */
export const listProjects = typedDocument<
  { readonly projects: Connected<ProjectSummary> },
  { readonly first: number; readonly after: string | null }
>(`query ListProjects($first: Int, $after: String) {
  projects(first: $first, after: $after) {
    nodes { projectId slug name description repositoryUrl status signingPolicies { slug status } }
    pageInfo { hasNextPage endCursor }
  }
}`)

/** What lists show of a signing policy: its version in force. */
export type PolicySummary = {
  readonly signingPolicyId: string
  readonly slug: string
  readonly name: string
  readonly status: string
  readonly project: { readonly slug: string } | null
  readonly current: {
    readonly version: number
    readonly certificate: { readonly certificateId: string; readonly name: string } | null
    readonly submitters: readonly NamedPrincipal[]
    readonly approval: {
      readonly requiredApprovals: number
      readonly approvers: readonly NamedPrincipal[]
    } | null
    readonly timestamp: string
    readonly release: boolean
    readonly existingSignatures: readonly string[]
    readonly hashSigningAllowed: boolean
  }
}

/** Signing policies by slug, of one project or of all. */
export const listPolicies = typedDocument<
  { readonly signingPolicies: Connected<PolicySummary> },
  { readonly project: string | null; readonly first: number; readonly after: string | null }
>(`query ListPolicies($project: String, $first: Int, $after: String) {
  signingPolicies(project: $project, first: $first, after: $after) {
    nodes {
      signingPolicyId slug name status
      project { slug }
      current {
        version timestamp release existingSignatures hashSigningAllowed
        certificate { certificateId name }
        submitters { ${principalFields} }
        approval { requiredApprovals approvers { ${principalFields} } }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}`)
