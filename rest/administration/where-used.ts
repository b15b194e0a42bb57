import { z } from 'zod'
import { type Caller, runningRequestsOf } from '../../application/index.ts'
import {
  type CertificateId,
  type GroupId,
  type KeyId,
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

  /** The requests that are not over and depend on something of a family. */
  function running<Id extends string>(
    [family, parameter, tag]: readonly [family: string, parameter: string, tag: string],
    depending: string,
    missing: readonly [code: string, what: string],
    stream: (id: Id) => string,
    look: (caller: Caller, id: Id) => Promise<readonly (Recorded | undefined)[]>,
  ): Operation {
    return one(reading, {
      tag,
      permission,
      schema: runningSchema,
      operationId: `runningRequestsOf${missing[1].replace(/(?:^| )(\w)/g, (_, letter: string) => letter.toUpperCase())}`,
      path: `/${family}/{${parameter}}/RunningRequests`,
      summary: `List the signing requests that are not over and ${depending}`,
      parameters: z.object({ [parameter]: idSchema<Id>() }),
      missing,
      async find(caller: Caller, parameters) {
        const id = parameters[parameter] as Id
        if ((await look(caller, id))[0] === undefined) return undefined
        const [found] = await runningRequestsOf(readModel, caller.organizationId, [stream(id)])
        return found
      },
      show: ({ signingRequests, complete }) => ({ items: signingRequests.map(shown), complete }),
    })
  }

  return [
    running<KeyId>(
      ['Keys', 'keyId', 'Keys'],
      'are to be signed with a key, by one of its certificates',
      ['KEY_NOT_FOUND', 'key'],
      streams.key,
      ({ organizationId }, id) => readModel.keysByIds(organizationId, [id]),
    ),
    running<CertificateId>(
      ['Certificates', 'certificateId', 'Certificates'],
      'are to be signed by a certificate',
      ['CERTIFICATE_NOT_FOUND', 'certificate'],
      streams.certificate,
      ({ organizationId }, id) => readModel.certificatesByIds(organizationId, [id]),
    ),
    running<UserId>(
      ['Users', 'userId', 'Users'],
      'a user submitted, has approved or may approve',
      ['USER_NOT_FOUND', 'user'],
      streams.user,
      ({ organizationId }, id) => readModel.usersByIds(organizationId, [id]),
    ),
    running<GroupId>(
      ['Groups', 'groupId', 'Groups'],
      'members of a group may approve',
      ['GROUP_NOT_FOUND', 'group'],
      streams.group,
      ({ organizationId }, id) => readModel.groupsByIds(organizationId, [id]),
    ),
    running<TrustedBuildSystemId>(
      ['TrustedBuildSystems', 'trustedBuildSystemId', 'Trusted build systems'],
      'a trusted build system vouched for',
      ['TRUSTED_BUILD_SYSTEM_NOT_FOUND', 'trusted build system'],
      streams.trustedBuildSystem,
      ({ organizationId }, id) => readModel.trustedBuildSystemsByIds(organizationId, [id]),
    ),
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
