import { z } from 'zod'
import { type Application, permissionsOfUseCases } from '../../application/index.ts'
import { id } from '../connectors/protocol.ts'
import { InvalidInput } from '../invalid-input.ts'
import type { Links } from '../links.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'
import { choicesOf } from '../signing-requests/submission-fields.ts'
import { submittedAnswer, submittedBody } from '../signing-requests/submitted.ts'

const text = (description: string) => z.string().optional().meta({ description })

const target = z.object({
  projectSlug: text('The slug of the project, or its id.'),
  projectId: text('The id of the project.'),
  signingPolicySlug: text('The slug of the signing policy.'),
  signingPolicyId: text('The id of the signing policy, which says the project too.'),
  artifactConfigurationSlug: text("The slug of the artifact configuration; the project's default without one."),
  trustedBuildSystemSlug: text('Which of the AppVeyor build systems it is that are linked with the project.'),
  description: text('What people see of the request.'),
  version: text('Which version of the product it is. Grants can ask for it.'),
})

/** What is read of what AppVeyor's deployments of the kind Webhook send. */
const delivered = z
  .object({
    accountName: z.string().meta({ description: 'The AppVeyor account.' }),
    projectSlug: z.string().meta({ description: 'The AppVeyor project.' }),
    buildVersion: z.string().meta({ description: 'The version of the build, which is its name.' }),
    buildId: id('The id of the build.'),
    buildJobId: text('The job whose artifact is signed.'),
    jobId: text('The same, from a build that calls by itself. AppVeyor says the id of the deployment by it.'),
  })
  .meta({
    description: 'As AppVeyor sends it. It names the build; AppVeyor is asked for everything else.',
  })

/**
 * `POST …/Integrations/AppVeyor`: what AppVeyor calls when it deploys to a web hook. The build is only named here, and asked for with
 * the API key of the link between project and AppVeyor.
 */
export function appVeyorOperation({
  application,
  links,
}: {
  readonly application: Application
  readonly links: Links
}): Operation {
  return operation({
    method: 'POST',
    path: `${organizationPath}/Integrations/AppVeyor`,
    access: permissionsOfUseCases.submitFromAppVeyor,
    operationId: 'submitFromAppVeyor',
    tag: 'Signing requests',
    summary: 'Submit an artifact of an AppVeyor build (the address of a deployment of the kind Webhook)',
    description: 'The service asks AppVeyor about the build, and fetches the artifact from there when it has ended.',
    query: target,
    idempotency: 'useCase',
    body: { kind: 'fields', schema: delivered, ignoresOthers: true },
    answers: { 201: submittedAnswer },
    async handle({ caller, query, body, idempotencyKey }) {
      const { trustedBuildSystemSlug, ...fields } = query
      const { accountName, projectSlug, buildVersion, buildId } = body
      const buildJobId = body.buildJobId ?? body.jobId
      if (buildJobId === undefined) throw new InvalidInput({ buildJobId: ['must be given, or jobId'] })
      const submitted = await application.submitFromAppVeyor(caller, {
        choices: choicesOf(fields, { idempotencyKey }),
        trustedBuildSystem: trustedBuildSystemSlug ?? null,
        build: { accountName, projectSlug, buildVersion, buildId, buildJobId },
      })
      return submittedBody(links, caller, submitted)
    },
  })
}
