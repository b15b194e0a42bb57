import type { Caller } from '../../application/index.ts'
import {
  asId,
  chainOfCertificate,
  type ProjectId,
  parseSlug,
  Refusal,
  type SigningPolicyId,
} from '../../domain/index.ts'
import type { CertificateView, ReadModel, SigningPolicyView } from '../../projections/index.ts'

/** What names a policy: its id, or its slug, which is unique in a project only. */
export type PolicyName = { readonly policy: string; readonly projectSlug?: string | undefined }

/**
 * A signing policy of the caller's organization.
 *
 * @throws Refusal `SIGNING_POLICY_NOT_FOUND`, `PROJECT_NEEDED` when several projects have a policy of this slug, `SLUG_MALFORMED`
 */
export async function findPolicy(
  readModel: ReadModel,
  { organizationId }: Caller,
  { policy, projectSlug }: PolicyName,
): Promise<SigningPolicyView> {
  const none = new Refusal(
    'SIGNING_POLICY_NOT_FOUND',
    `There is no signing policy ${JSON.stringify(policy.slice(0, 100))}${projectSlug === undefined ? '' : ` in the project ${JSON.stringify(projectSlug.slice(0, 100))}`}.`,
  )
  const id = asId<SigningPolicyId>(policy)
  if (id !== undefined) {
    const [found] = await readModel.signingPoliciesByIds(organizationId, [id])
    if (found !== undefined) return found
  }
  const slug = parseSlug(policy, 'The signing policy')
  let projectId: ProjectId | undefined
  if (projectSlug !== undefined) {
    projectId = (await readModel.projectBySlug(organizationId, parseSlug(projectSlug, 'projectSlug')))?.projectId
    if (projectId === undefined) throw none
  }
  const filter = { slug, ...(projectId === undefined ? {} : { projectId }) }
  const { items } = await readModel.listSigningPolicies(organizationId, filter, { direction: 'forward', size: 2 })
  const [first, second] = items
  if (first === undefined) throw none
  if (second !== undefined)
    throw new Refusal(
      'PROJECT_NEEDED',
      'Slugs of signing policies are unique in a project only, and several have this one: add ?projectSlug=.',
    )
  return first.item
}

/** An issued certificate, and its own DER. */
export type CurrentCertificate = CertificateView & {
  readonly issued: NonNullable<CertificateView['issued']>
  readonly der: Buffer
}

/** The certificates by which policies sign now, in their order; `undefined` where none was issued. */
export async function currentCertificates(
  readModel: ReadModel,
  { organizationId }: Caller,
  policies: readonly SigningPolicyView[],
): Promise<readonly (CurrentCertificate | undefined)[]> {
  const ids = policies.flatMap(({ versions }) => versions.at(-1)?.settings.certificateId ?? [])
  const found = await readModel.certificatesByIds(organizationId, [...new Set(ids)])
  const byId = new Map(found.flatMap((each) => (each === undefined ? [] : [[each.certificateId, each] as const])))
  return policies.map(({ versions }) => {
    const settings = versions.at(-1)?.settings
    const certificate = settings && byId.get(settings.certificateId)
    const [own] = chainOfCertificate(certificate?.issued ?? null)
    if (certificate === undefined || certificate.issued === null || own === undefined) return undefined
    return { ...certificate, issued: certificate.issued, der: Buffer.from(own, 'base64') }
  })
}
