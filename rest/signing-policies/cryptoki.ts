import { z } from 'zod'
import type { Caller } from '../../application/index.ts'
import { type GroupId, groupsNamed, parseSlug, usersNamed } from '../../domain/index.ts'
import { maximumPageSize, type ReadModel, type SigningPolicyView } from '../../projections/index.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import { currentCertificates } from './find-policy.ts'
import { publicKeyFields, publicKeyOf } from './public-key.ts'

/**
 * `GET …/Cryptoki/MySigningPolicies`: the policies that the caller may submit to, with the public keys of their certificates, as
 * a PKCS #11 module shows them.
 */
export function cryptokiOperation({ readModel }: { readonly readModel: ReadModel }): Operation {
  return operation({
    method: 'GET',
    path: `${organizationPath}/Cryptoki/MySigningPolicies`,
    access: 'readOrganization',
    operationId: 'mySigningPolicies',
    tag: 'Signing policies',
    summary: 'The signing policies that the caller may submit to, with their public keys',
    query: z.object({ projectSlug: z.string().optional(), signingPolicySlug: z.string().optional() }),
    answers: {
      200: {
        description: 'The policies; those whose certificate was not issued yet are left out.',
        schema: z.object({
          signingPolicies: z.array(
            z.object({
              projectSlug: z.string(),
              signingPolicySlug: z.string(),
              signingPolicyId: z.uuid(),
              ...publicKeyFields,
            }),
          ),
        }),
      },
    },
    async handle({ caller, query }) {
      const policies = await submittable(readModel, caller, await asked(readModel, caller, query))
      const projects = await readModel.projectsByIds(caller.organizationId, [
        ...new Set(policies.map(({ projectId }) => projectId)),
      ])
      const active = new Map(
        projects.flatMap((each) => (each?.status === 'valid' ? [[each.projectId, each.slug] as const] : [])),
      )
      const certificates = await currentCertificates(readModel, caller, policies)
      const signingPolicies = policies.flatMap(({ projectId, slug, signingPolicyId }, index) => {
        const [projectSlug, certificate] = [active.get(projectId), certificates[index]]
        const key = certificate && publicKeyOf(certificate.der)
        return projectSlug === undefined || key === undefined
          ? []
          : [{ projectSlug, signingPolicySlug: slug, signingPolicyId, ...key }]
      })
      return { status: 200, body: { signingPolicies } }
    },
  })
}

/** The policies that were asked for, whoever may submit to them. */
async function asked(
  readModel: ReadModel,
  { organizationId }: Caller,
  {
    projectSlug,
    signingPolicySlug,
  }: { readonly projectSlug?: string | undefined; readonly signingPolicySlug?: string | undefined },
): Promise<readonly SigningPolicyView[]> {
  const project =
    projectSlug === undefined
      ? undefined
      : await readModel.projectBySlug(organizationId, parseSlug(projectSlug, 'projectSlug'))
  if (projectSlug !== undefined && project === undefined) return []
  const filter = {
    ...(project === undefined ? {} : { projectId: project.projectId }),
    ...(signingPolicySlug === undefined ? {} : { slug: parseSlug(signingPolicySlug, 'signingPolicySlug') }),
  }
  const found: SigningPolicyView[] = []
  let after: string | undefined
  do {
    const page = { direction: 'forward', size: maximumPageSize, ...(after === undefined ? {} : { after }) } as const
    const { items, hasNextPage } = await readModel.listSigningPolicies(organizationId, filter, page)
    found.push(...items.map(({ item }) => item))
    after = hasNextPage ? items.at(-1)?.cursor : undefined
  } while (after !== undefined)
  return found
}

/** Those that are in use and name the caller as a submitter, themselves or by a group. */
async function submittable(
  readModel: ReadModel,
  { organizationId, userId }: Caller,
  policies: readonly SigningPolicyView[],
): Promise<readonly SigningPolicyView[]> {
  const submittersOf = ({ versions }: SigningPolicyView) => versions.at(-1)?.settings.submitters ?? []
  const ids = new Set(policies.flatMap((policy) => groupsNamed(submittersOf(policy))))
  const groups = await readModel.groupsByIds(organizationId, [...ids])
  const own = new Set(
    groups.flatMap((group): GroupId[] => (group?.members.includes(userId) === true ? [group.groupId] : [])),
  )
  return policies.filter((policy) => {
    const submitters = submittersOf(policy)
    return (
      policy.status === 'active' &&
      (usersNamed(submitters).includes(userId) || groupsNamed(submitters).some((group) => own.has(group)))
    )
  })
}
