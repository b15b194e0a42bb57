import { typedDocument } from '../connection/graphql.ts'
import { type CertificateSummary, certificateFields } from './organization.ts'
import { type Connected, type EntityEvent, eventFields } from './requests.ts'
import { type RunningRequests, runningRequestsField } from './running-requests.ts'

/** What every policy that uses a certificate must demand. */
export type Restrictions = {
  readonly minimumApprovals: number
  readonly originVerification: boolean
  readonly timestamp: boolean
}

/** Everything about a certificate but its history. */
export type CertificateDetails = CertificateSummary & {
  readonly revision: number
  readonly thumbprintSha1: string | null
  /** Of an OpenPGP key its public half in ASCII armor. */
  readonly openPgpKey: string | null
  /** DER, base64, the signing one first; empty until it was issued. */
  readonly chain: readonly string[]
  readonly restrictions: Restrictions
  readonly alternativeNames: readonly { readonly kind: string; readonly value: string }[]
  readonly enrolment: {
    readonly by: string
    readonly server: string | null
    readonly renewBeforeDays: number | null
  } | null
  readonly enrolmentFailure: { readonly code: string; readonly message: string } | null
  readonly renewBeforeHours: number | null
  readonly renewalRequested: boolean
  /** PEM; null when no authority has to answer. */
  readonly signingRequest: string | null
  readonly renews: { readonly certificateId: string; readonly name: string } | null
  readonly identity: {
    readonly publicKeyToken: string | null
    readonly appxPublisher: string
    readonly extendedKeyUsages: readonly string[]
  } | null
  readonly signingPolicies: readonly { readonly slug: string; readonly project: { readonly slug: string } | null }[]
  readonly runningRequests: RunningRequests
}

const detailFields = `${certificateFields} revision thumbprintSha1 openPgpKey chain
    restrictions { minimumApprovals originVerification timestamp }
    alternativeNames { kind value }
    enrolment { by server renewBeforeDays }
    enrolmentFailure { code message }
    renewBeforeHours renewalRequested signingRequest
    renews { certificateId name }
    identity { publicKeyToken appxPublisher extendedKeyUsages }
    signingPolicies { slug project { slug } }
    ${runningRequestsField}`

/** One certificate and a page of its time line, oldest first; both as of one moment. */
export const certificateWithEvents = typedDocument<
  { readonly certificate: (CertificateDetails & { readonly events: Connected<EntityEvent> }) | null },
  { readonly id: string; readonly after: string | null }
>(`query CertificateWithEvents($id: ID!, $after: String) {
  certificate(id: $id) {
    ${detailFields}
    events(first: 50, after: $after) {
      nodes { ${eventFields} }
      pageInfo { hasNextPage endCursor }
    }
  }
}`)

/** One certificate, as the read model has it from a position on. */
export const certificateDetails = typedDocument<
  { readonly certificate: CertificateDetails | null },
  { readonly id: string; readonly minimumPosition: string | null }
>(`query CertificateDetails($id: ID!, $minimumPosition: LogPosition) {
  certificate(id: $id, minimumPosition: $minimumPosition) { ${detailFields} }
}`)

/** A change of a certificate that is in the log, and where, or the proposal that it became. */
export type CertificateChange = {
  readonly certificateId: string
  readonly position: string
  readonly changeProposalId: string | null
}

type Subject = Readonly<Record<string, string>>

/** What every new certificate is asked for with. */
export type NewCertificate = {
  readonly name: string
  readonly subject: Subject
  readonly key: { readonly keyId?: string; readonly algorithm?: string; readonly keyStore?: string }
  readonly renews?: string
  readonly restrictions?: Restrictions
}

const payload = 'certificateId position changeProposalId'

/** Has a self-signed certificate made. */
export const createSelfSigned = typedDocument<
  { readonly createSelfSignedCertificate: CertificateChange },
  {
    readonly input: NewCertificate & {
      readonly notBefore: string
      readonly notAfter: string
      readonly renewBeforeHours?: number
    }
  }
>(`mutation CreateSelfSigned($input: CreateSelfSignedCertificateInput!) {
  createSelfSignedCertificate(input: $input) { ${payload} }
}`)

/** Has an OpenPGP key made. */
export const createOpenPgpKey = typedDocument<
  { readonly createOpenPgpKey: CertificateChange },
  { readonly input: Omit<NewCertificate, 'subject'> & { readonly userId: string; readonly expiresAt?: string } }
>(`mutation CreateOpenPgpKey($input: CreateOpenPgpKeyInput!) {
  createOpenPgpKey(input: $input) { ${payload} }
}`)

/** Has an OpenPGP key end at another moment; `null`: never. */
export const changeKeyExpiry = typedDocument<
  { readonly changeKeyExpiry: CertificateChange },
  { readonly input: { readonly certificateId: string; readonly expiresAt: string | null } }
>(`mutation ChangeKeyExpiry($input: ChangeKeyExpiryInput!) {
  changeKeyExpiry(input: $input) { ${payload} }
}`)

/** Has the request for a certificate of an authority made. */
export const requestCertificate = typedDocument<
  { readonly requestCertificate: CertificateChange },
  {
    readonly input: NewCertificate & {
      readonly alternativeNames: readonly { readonly kind: string; readonly value: string }[]
      readonly est?: { readonly server: string; readonly renewBeforeDays: number }
    }
  }
>(`mutation RequestCertificate($input: RequestCertificateInput!) {
  requestCertificate(input: $input) { ${payload} }
}`)

/** Installs what an authority issued: base64 of its file. */
export const installCertificate = typedDocument<
  { readonly installCertificate: CertificateChange },
  { readonly input: { readonly certificateId: string; readonly file: string } }
>(`mutation InstallCertificate($input: InstallCertificateInput!) {
  installCertificate(input: $input) { ${payload} }
}`)

/** A certificate with a key from elsewhere, without the private half. */
export type NewImport = {
  readonly name: string
  /** DER SubjectPublicKeyInfo, base64. */
  readonly publicKey: string
  /** Base64 of the certificates' file. */
  readonly file: string
  readonly keyStore?: string
  readonly renews?: string
  readonly restrictions?: Restrictions
}

/** Begins to import a certificate; `transportKey` is null when its key is there already. */
export const importCertificate = typedDocument<
  {
    readonly importCertificate: {
      readonly certificateId: string
      readonly position: string
      readonly transportKey: string | null
    }
  },
  { readonly input: NewImport }
>(`mutation ImportCertificate($input: ImportCertificateInput!) {
  importCertificate(input: $input) { certificateId position transportKey }
}`)

/** Brings in the private key of a certificate that is imported. */
export const completeImport = typedDocument<
  { readonly completeCertificateImport: CertificateChange },
  {
    readonly input: { readonly certificateId: string; readonly wrappedSecret: string; readonly wrappedKey: string }
  }
>(`mutation CompleteImport($input: CompleteCertificateImportInput!) {
  completeCertificateImport(input: $input) { ${payload} }
}`)

/** Has the next certificate of the same names and key made, or the request for it. */
export const renewCertificate = typedDocument<
  { readonly renewCertificate: CertificateChange },
  { readonly input: { readonly certificateId: string } }
>(`mutation RenewCertificate($input: RenewCertificateInput!) {
  renewCertificate(input: $input) { ${payload} }
}`)

/** Changes what policies that use a certificate must demand. */
export const restrictCertificate = typedDocument<
  { readonly restrictCertificate: CertificateChange },
  {
    readonly input: {
      readonly certificateId: string
      readonly restrictions: Restrictions
      readonly basedOnRevision: number
    }
  }
>(`mutation RestrictCertificate($input: RestrictCertificateInput!, $changeReason: String) {
  restrictCertificate(input: $input, changeReason: $changeReason) { ${payload} }
}`)

type Switch = { readonly input: { readonly certificateId: string; readonly reason: string | null } }

/** Disables a certificate. */
export const disableCertificate = typedDocument<{ readonly disableCertificate: CertificateChange }, Switch>(
  `mutation DisableCertificate($input: SwitchCertificateInput!) { disableCertificate(input: $input) { ${payload} } }`,
)

/** Enables a certificate. */
export const enableCertificate = typedDocument<{ readonly enableCertificate: CertificateChange }, Switch>(
  `mutation EnableCertificate($input: SwitchCertificateInput!, $changeReason: String) { enableCertificate(input: $input, changeReason: $changeReason) { ${payload} } }`,
)

/** Something that others compare and that differs between two certificates. */
export type ContinuityFinding = {
  readonly aspect: string
  readonly severity: 'notice' | 'warning' | 'alarm'
  readonly before: string
  readonly after: string
  readonly effect: string
}

/** What changes when a certificate takes the place of another one. */
export const checkContinuity = typedDocument<
  { readonly checkContinuity: readonly ContinuityFinding[] },
  { readonly before: string; readonly after: string }
>(`query CheckContinuity($before: ID!, $after: ID!) {
  checkContinuity(before: $before, after: $after) { aspect severity before after effect }
}`)
