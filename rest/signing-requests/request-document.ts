import { z } from 'zod'
import { originVerification } from '../administration/origin-verification.ts'
import { statusDocument } from './status-document.ts'

const moment = z.iso.datetime()
const person = z.object({ userId: z.uuid(), name: z.string() }).meta({ description: 'A person or a CI user.' })
const file = z.object({ fileName: z.string(), sha256: z.string(), size: z.number().int() })
const reason = z.object({
  code: z.string().meta({ description: 'Stable; docs/error-codes.md says what each means.' }),
  message: z.string(),
  path: z.array(z.string()).nullable().meta({ description: 'The file at fault: names from the artifact inwards.' }),
  remedy: z.string().nullable().meta({ description: 'What to do about it.' }),
})

const buildNode = z
  .object({
    subject: z.string(),
    issuer: z.string(),
    serialNumber: z.string(),
    template: z.string().nullable(),
    rule: z.string(),
  })
  .nullable()
  .meta({ description: 'The build node behind an authentication proxy.' })

/** What lists and single answers say of a request. */
export const requestSummary = statusDocument
  .extend({
    organizationId: z.uuid(),
    description: z.string().nullable(),
    version: z.string().nullable(),
    projectId: z.uuid(),
    projectSlug: z.string().nullable(),
    projectName: z.string().nullable(),
    artifactConfigurationId: z.uuid().nullable(),
    artifactConfigurationSlug: z.string().nullable(),
    artifactConfigurationName: z.string().nullable(),
    artifactConfigurationVersion: z
      .int()
      .nullable()
      .meta({ description: 'The version in force at submission: later ones do not change the request.' }),
    signingPolicyId: z.uuid(),
    signingPolicySlug: z.string().nullable(),
    signingPolicyName: z.string().nullable(),
    signingPolicyVersion: z.number().int(),
    submitter: person.nullable(),
    peopleBehind: z.array(person).meta({
      description:
        'Who else counts as submitter: people behind that account, and behind the build where they are linked with its actors.',
    }),
    submittedAt: moment,
    finishedAt: moment.nullable(),
    artifact: file.nullable().meta({
      description:
        'What is planned and signed: what was submitted, with the data of its build where they were added. Null until it is known.',
    }),
    unsignedArtifactLink: z.url(),
    signedArtifactLink: z.url().meta({ description: 'Answers 400 with the status until there is something.' }),
    provenanceLink: z.url().nullable().meta({
      description:
        'Where it comes from, as a signed statement: SLSA provenance in a DSSE envelope. Null where its origin was not verified.',
    }),
    provenanceBundleLink: z.url().nullable().meta({ description: 'The same as a sigstore bundle.' }),
    origin: z
      .object({
        buildData: z
          .object({
            url: z.string().nullable(),
            buildSettingsFile: z.object({ downloadLink: z.url(), fileName: z.string() }).nullable(),
          })
          .nullable(),
        repositoryData: z
          .object({
            url: z.string().nullable(),
            branchName: z.string().nullable(),
            commitId: z.string().nullable(),
            sourceControlManagementType: z.string().nullable(),
          })
          .nullable(),
      })
      .nullable()
      .meta({ description: 'As the trusted build system says that vouched for the artifact.' }),
    vouchedBy: z
      .object({
        trustedBuildSystemId: z.uuid(),
        method: z.string().meta({
          description:
            'How it proved who it is: `token`, `identityToken`, or `link`: nothing of it came with the call, and it counts only where the origin is verified.',
        }),
        node: buildNode,
        nodeStatement: z
          .string()
          .nullable()
          .meta({ description: 'What the proxy said of the node and signed: a JWS.' }),
      })
      .nullable()
      .meta({ description: 'The trusted build system that vouched for the submission. Null when none did.' }),
    build: z
      .object({ fields: z.record(z.string(), z.unknown()), secretNames: z.array(z.string()) })
      .nullable()
      .meta({ description: 'Which build the artifact comes from, as the submission says. Nobody has checked it.' }),
    demandedOrigin: z
      .object({ repositoryUrl: z.string(), ...originVerification.shape })
      .nullable()
      .meta({ description: 'What policy and project demanded of the origin at submission. Null: it is not verified.' }),
    verifiedOrigin: z
      .object({
        verified: z.boolean().meta({ description: 'False: it was rejected, and the request ended by it.' }),
        kind: z.string(),
        proof: z.string().nullable(),
        trustedBuildSystemId: z.uuid(),
        repository: z.object({ url: z.string(), id: z.string().nullable(), ownerId: z.string().nullable() }).nullable(),
        ref: z.object({ kind: z.enum(['branch', 'tag']), name: z.string() }).nullable(),
        commitId: z.string().nullable(),
        build: z
          .object({
            id: z.string(),
            url: z.string().nullable(),
            attempt: z.number().int().nullable(),
            definition: z.string().nullable(),
            calledDefinition: z.string().nullable(),
            trigger: z.string().nullable(),
            runners: z.enum(['hosted', 'selfHosted', 'unknown']),
          })
          .nullable(),
        actors: z.array(
          z.object({ role: z.string(), system: z.string(), id: z.string(), name: z.string().nullable() }),
        ),
        node: buildNode,
        checks: z.array(
          z.object({
            name: z.string(),
            outcome: z.enum(['passed', 'failed', 'logged']),
            code: z.string().nullable(),
            message: z.string().nullable(),
            inputs: z.array(z.object({ name: z.string(), value: z.string().nullable() })),
          }),
        ),
        evidence: z.array(
          z.object({
            name: z.string(),
            mediaType: z.string(),
            sha256: z.string(),
            size: z.number().int(),
            fileName: z.string(),
            link: z.url().meta({ description: 'Where it can be downloaded by those who may download the artifact.' }),
          }),
        ),
      })
      .nullable()
      .meta({
        description:
          'What came of verifying the origin, with every check. Null until then, and where the signing policy demands none.',
      }),
    addedBuildData: z
      .object({
        builtArtifact: file.meta({ description: 'The package as its build made it, whose origin was verified.' }),
        repository: z.object({ type: z.string(), url: z.string(), commitId: z.string() }),
        settings: z
          .object({ fileName: z.string(), sha256: z.string() })
          .meta({ description: 'The file in the root of the package that tells the settings of the build.' }),
      })
      .nullable()
      .meta({
        description:
          'What the service wrote into a package about its build before it was signed. Null until then, and where nothing is.',
      }),
    parameters: z.record(z.string(), z.string()),
    planDigest: z.string().nullable().meta({ description: 'What an approval agrees to; null until it was planned.' }),
    approvals: z.array(
      z.object({
        approver: person.nullable(),
        planDigest: z.string(),
        comment: z.string().nullable(),
        approvedAt: moment,
        counts: z.boolean().meta({ description: 'Whether it counts towards the quorum.' }),
      }),
    ),
    requiredApprovals: z.number().int(),
    missingApprovals: z.number().int(),
    approvalDeadline: moment.nullable(),
    denial: z
      .object({ deniedBy: person.nullable(), comment: z.string().nullable(), deadline: moment.nullable() })
      .nullable()
      .meta({ description: 'Why nothing is signed: somebody said no, or the deadline passed.' }),
    cancellation: z.object({ canceledBy: person.nullable(), reason: z.string().nullable() }).nullable(),
    failure: reason.nullable(),
    waitingFor: reason
      .extend({ since: moment, nextTryAt: moment.nullable() })
      .nullable()
      .meta({ description: 'What it waits for that is no decision of people. It goes on by itself.' }),
    resubmittedFrom: z.uuid().nullable().meta({ description: 'The request whose artifact it takes again.' }),
    resubmissions: z
      .array(z.uuid())
      .meta({ description: 'The requests that took its artifact again, the last hundred of them.' }),
  })
  .meta({ id: 'SigningRequestSummary' })

/** A file that will be signed, and how. */
const plannedFile = z.object({
  path: z.array(z.string()).meta({ description: "Names from the artifact inwards, the artifact's own first." }),
  sha256: z.string().nullable(),
  size: z.number().int().nullable(),
  format: z.string().nullable(),
  directives: z.array(z.string()),
})

/** What a request's own path answers. */
export const requestDocument = requestSummary
  .extend({
    plan: z.array(plannedFile).nullable().meta({
      description:
        'The first hundred files that will be signed. Null until it was planned, and while it cannot be read.',
    }),
  })
  .meta({ id: 'SigningRequest' })

/** What lists say of a request. */
export type RequestSummary = z.input<typeof requestSummary>

/** What is said of one request. */
export type RequestDocument = z.input<typeof requestDocument>
