import { z } from 'zod'
import { mostPastRequests, simulatePastRequests, simulateSubmission } from '../../application/index.ts'
import {
  type ChangeProposalId,
  parseSha256Digest,
  Refusal,
  type SigningPolicyId,
  type UserId,
} from '../../domain/index.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import { idSchema } from './change.ts'
import type { Reading } from './read.ts'
import { settingsOf, settingsSchema } from './signing-policies.ts'

const permission = 'readOrganization'

const simulationSchema = z.object({
  wouldBeSigned: z.boolean().meta({ description: 'Once those who must approve have.' }),
  rules: z
    .array(
      z.object({
        rule: z.string().meta({ description: 'Its name, such as submitter or certificateUsable.' }),
        input: z.string().meta({ description: 'What it looked at.' }),
        outcome: z.enum(['met', 'unmet', 'notAsked']),
        code: z.string().nullable().meta({ description: 'With which code it would be refused.' }),
        message: z.string().nullable(),
      }),
    )
    .meta({ description: 'Every rule, in the order in which they are asked.' }),
})

const pastSchema = z.object({
  pastSimulation: z
    .object({
      examined: z.int().meta({ description: 'So many requests were looked at, the newest ones.' }),
      treatedOtherwise: z.array(
        z.object({
          signingRequestId: z.uuid(),
          differences: z.array(z.object({ rule: z.string(), before: z.string(), after: z.string() })),
        }),
      ),
    })
    .nullable()
    .meta({ description: 'Null for a change of anything but a signing policy.' }),
})

/** What would become of something: what GraphQL calls by the same names. Nothing of it changes anything. */
export function simulationOperations({ application, readModel }: Reading): readonly Operation[] {
  return [
    operation({
      method: 'POST',
      path: `${organizationPath}/SigningPolicies/{signingPolicyId}/Simulate`,
      access: permission,
      operationId: 'policySimulation',
      tag: 'Signing policies',
      summary:
        'Ask whether something would be signed: by the version in force, another one, or settings not proposed yet',
      parameters: z.object({ signingPolicyId: idSchema<SigningPolicyId>() }),
      body: {
        kind: 'fields',
        schema: z.object({
          user: idSchema<UserId>().optional().meta({ description: 'Who would submit; you, when left out.' }),
          branch: z.string().optional().meta({ description: 'Which branch it would be built from.' }),
          sourceLevel: z
            .int()
            .min(1)
            .max(4)
            .optional()
            .meta({ description: "Of which level of SLSA's source track a verification summary would come." }),
          artifactSha256: z.string().optional().meta({ description: 'Of the artifact, hexadecimal.' }),
          atVersion: z.int().optional().meta({ description: 'By this version of the policy.' }),
          proposed: settingsSchema.optional().meta({ description: 'By these settings.' }),
        }),
      },
      answers: { 200: { description: 'What every rule says.', schema: simulationSchema } },
      async handle({ caller, parameters: { signingPolicyId }, body }) {
        await application.authorizeQuery(caller, { query: 'policySimulation', permission })
        const [policy] = await readModel.signingPoliciesByIds(caller.organizationId, [signingPolicyId])
        if (policy === undefined)
          throw new Refusal('SIGNING_POLICY_NOT_FOUND', 'There is no signing policy of this id.')
        const {
          user = caller.userId,
          branch = null,
          sourceLevel = null,
          artifactSha256,
          atVersion = null,
          proposed,
        } = body
        const { wouldBeSigned, rules } = await simulateSubmission(readModel, {
          policy,
          userId: user,
          branch,
          sourceLevel,
          artifact: artifactSha256 === undefined ? null : parseSha256Digest(artifactSha256, 'The artifact digest'),
          atVersion,
          proposed: proposed === undefined ? null : settingsOf(proposed),
        })
        return {
          status: 200,
          body: {
            wouldBeSigned,
            rules: rules.map(({ rule, input, outcome, code, message }) => ({ rule, input, outcome, code, message })),
          },
        }
      },
    }),
    operation({
      method: 'GET',
      path: `${organizationPath}/ChangeProposals/{changeProposalId}/PastSimulation`,
      access: permission,
      operationId: 'pastSimulation',
      tag: 'Change control',
      summary: 'See which of the last requests a proposed version of a signing policy would have treated otherwise',
      parameters: z.object({ changeProposalId: idSchema<ChangeProposalId>() }),
      query: z.object({
        last: z
          .int()
          .min(1)
          .max(mostPastRequests)
          .default(50)
          .meta({ description: `Of so many of the policy's last requests, ${mostPastRequests} at most.` }),
      }),
      answers: { 200: { description: 'Which, and by which rules.', schema: pastSchema } },
      async handle({ caller, parameters: { changeProposalId }, query: { last } }) {
        await application.authorizeQuery(caller, { query: 'pastSimulation', permission })
        const [proposal] = await readModel.changeProposalsByIds(caller.organizationId, [changeProposalId])
        if (proposal === undefined)
          throw new Refusal('CHANGE_PROPOSAL_NOT_FOUND', 'There is no proposed change of this id.')
        const simulated = await simulatePastRequests(readModel, proposal, last)
        return {
          status: 200,
          body: {
            pastSimulation: simulated && {
              examined: simulated.examined,
              treatedOtherwise: simulated.otherwise.map(({ signingRequestId, differences }) => ({
                signingRequestId,
                differences: differences.map((each) => ({ ...each })),
              })),
            },
          },
        }
      },
    }),
  ]
}
