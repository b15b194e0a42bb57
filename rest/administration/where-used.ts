import { z } from 'zod'
import { runningRequestsOf } from '../../application/index.ts'
import {
  type CertificateId,
  type GroupId,
  type KeyId,
  type OrganizationId,
  requestStatus,
  requestStatuses,
  streams,
  type TrustedBuildSystemId,
  type UserId,
} from '../../domain/index.ts'
import type { Recorded, SigningRequestView } from '../../projections/index.ts'
import type { Operation } from '../operation.ts'
import { restWorkflowStatus, restWorkflowStatuses } from '../signing-requests/status-document.ts'
import { idSchema } from './change.ts'
import { one, type Reading } from './read.ts'

const runningSchema = z.object({
  items: z
    .array(
      z.object({
        signingRequestId: z.uuid(),
        projectId: z.uuid(),
        signingPolicyId: z.uuid(),
        certificateId: z.uuid(),
        submitter: z.uuid(),
        status: z.enum(requestStatuses),
        workflowStatus: z.enum(restWorkflowStatuses),
        createdAt: z.string(),
      }),
    )
    .meta({ description: 'Newest first.' }),
  complete: z.boolean().meta({ description: 'Whether these are all: the newest 500 that are not over are looked at.' }),
})

const policiesSchema = z.object({
  items: z.array(
    z.object({
      signingPolicyId: z.uuid(),
      projectId: z.uuid(),
      slug: z.string(),
      status: z.enum(['active', 'inactive']),
    }),
  ),
})

/** What rests on things: before one of them is disabled, deactivated or destroyed. */
export function whereUsedOperations(reading: Reading): readonly Operation[] {
  const { readModel } = reading
  const permission = 'readOrganization'

  /** The requests that are not over and depend on something, which stands in the path. */
  function running<Id extends string>(definition: {
    readonly operationId: string
    readonly tag: string
    readonly family: string
    readonly parameter: string
    /** In which way they depend on it. */
    readonly depending: string
    readonly missing: readonly [code: string, what: string]
    readonly stream: (id: Id) => string
    readonly look: (organizationId: OrganizationId, ids: readonly Id[]) => Promise<readonly (Recorded | undefined)[]>
  }): Operation {
    const { operationId, tag, family, parameter, depending, missing, stream, look } = definition
    return one(reading, {
      tag,
      permission,
      schema: runningSchema,
      operationId,
      path: `/${family}/{${parameter}}/RunningRequests`,
      summary: `List the signing requests that are not over and ${depending}`,
      parameters: z.object({ [parameter]: idSchema<Id>() }),
      missing,
      async find({ organizationId }, parameters) {
        const id = parameters[parameter] as Id
        if ((await look(organizationId, [id]))[0] === undefined) return undefined
        const [found] = await runningRequestsOf(readModel, organizationId, [stream(id)])
        return found
      },
      show: ({ signingRequests, complete }) => ({ items: signingRequests.map(shown), complete }),
    })
  }

  return [
    running<KeyId>({
      operationId: 'runningRequestsOfKey',
      tag: 'Keys',
      family: 'Keys',
      parameter: 'keyId',
      depending: 'are to be signed with a key, by one of its certificates',
      missing: ['KEY_NOT_FOUND', 'key'],
      stream: streams.key,
      look: (organizationId, ids) => readModel.keysByIds(organizationId, ids),
    }),
    running<CertificateId>({
      operationId: 'runningRequestsOfCertificate',
      tag: 'Certificates',
      family: 'Certificates',
      parameter: 'certificateId',
      depending: 'are to be signed by a certificate',
      missing: ['CERTIFICATE_NOT_FOUND', 'certificate'],
      stream: streams.certificate,
      look: (organizationId, ids) => readModel.certificatesByIds(organizationId, ids),
    }),
    running<UserId>({
      operationId: 'runningRequestsOfUser',
      tag: 'Users',
      family: 'Users',
      parameter: 'userId',
      depending: 'a user submitted, has approved or may approve',
      missing: ['USER_NOT_FOUND', 'user'],
      stream: streams.user,
      look: (organizationId, ids) => readModel.usersByIds(organizationId, ids),
    }),
    running<GroupId>({
      operationId: 'runningRequestsOfGroup',
      tag: 'Groups',
      family: 'Groups',
      parameter: 'groupId',
      depending: 'members of a group may approve',
      missing: ['GROUP_NOT_FOUND', 'group'],
      stream: streams.group,
      look: (organizationId, ids) => readModel.groupsByIds(organizationId, ids),
    }),
    running<TrustedBuildSystemId>({
      operationId: 'runningRequestsOfTrustedBuildSystem',
      tag: 'Trusted build systems',
      family: 'TrustedBuildSystems',
      parameter: 'trustedBuildSystemId',
      depending: 'a trusted build system vouched for',
      missing: ['TRUSTED_BUILD_SYSTEM_NOT_FOUND', 'trusted build system'],
      stream: streams.trustedBuildSystem,
      look: (organizationId, ids) => readModel.trustedBuildSystemsByIds(organizationId, ids),
    }),
    one(reading, {
      tag: 'Certificates',
      permission,
      schema: policiesSchema,
      operationId: 'signingPoliciesOfCertificate',
      path: '/Certificates/{certificateId}/SigningPolicies',
      summary: 'List the signing policies whose version in force uses a certificate, by slug',
      parameters: z.object({ certificateId: idSchema<CertificateId>() }),
      missing: ['CERTIFICATE_NOT_FOUND', 'certificate'],
      async find({ organizationId }, { certificateId }) {
        const [certificate] = await readModel.certificatesByIds(organizationId, [certificateId])
        if (certificate === undefined) return undefined
        return (await readModel.signingPoliciesOfCertificates(organizationId, [certificateId]))[0] ?? []
      },
      show: (policies) => ({
        items: policies.map(({ signingPolicyId, projectId, slug, status }) => ({
          ...{ signingPolicyId, projectId, slug, status },
        })),
      }),
    }),
  ]
}

function shown(view: SigningRequestView): z.input<typeof runningSchema>['items'][number] {
  const { signingRequestId, projectId, signingPolicyId, certificateId, submitter, workflowStatus, createdAt } = view
  return {
    ...{ signingRequestId, projectId, signingPolicyId, certificateId, submitter, createdAt },
    status: requestStatus(workflowStatus),
    workflowStatus: restWorkflowStatus(workflowStatus),
  }
}
