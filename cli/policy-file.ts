import { z } from 'zod'
import { checkedSettings, readSettingsFile } from './settings-file.ts'

/**
 * What a signing policy demands, as a file says it: all of it, and what is left out is as it is by default.
 *
 * @param principal how the file names a user or a group
 * @param certificate how it names a certificate
 */
export function policySettingsSchema<Principal extends z.ZodType, Certificate extends z.ZodType>(
  principal: Principal,
  certificate: Certificate,
) {
  return z.strictObject({
    name: z.string().min(1).meta({ description: 'What people call the policy.' }),
    certificate: certificate.meta({ description: 'The certificate that it signs with.' }),
    submitters: z.array(principal).meta({ description: 'Who may submit.' }),
    approval: z
      .strictObject({
        approvers: z.array(principal),
        requiredApprovals: z.int().min(1),
        submitterMayApprove: z.boolean().default(false),
        deadlineSeconds: z.int().min(1).nullable().default(null),
      })
      .nullable()
      .default(null)
      .meta({ description: 'Who must agree; null: nobody is asked.' }),
    timestamp: z.enum(['required', 'none']).default('required'),
    release: z.boolean().default(false),
    existingSignatures: z
      .array(z.enum(['replace', 'append', 'refuse']))
      .min(1)
      .default(['replace', 'append', 'refuse'])
      .meta({ description: 'What submissions may ask for files that are signed already, the default first.' }),
    trustedBuildSystemRequired: z.boolean().default(false).meta({
      description: 'Whether a trusted build system must vouch for submissions; only CI users submit then.',
    }),
    originVerification: z
      .strictObject({
        allowedBranches: z.array(z.string().min(1).max(200)).min(1).max(50).meta({
          description: 'Globs such as main and release/*, of which the branch that was built must match one.',
        }),
        sourceSummary: z
          .strictObject({
            level: z.int().min(1).max(4).meta({ description: 'At least SLSA_SOURCE_LEVEL_ and this number.' }),
            verifiers: z
              .array(
                z.strictObject({
                  id: z.string().min(1).max(500).meta({ description: 'The URI by which its summaries name it.' }),
                  publicKeys: z
                    .array(z.string().min(1))
                    .min(1)
                    .max(5)
                    .meta({ description: 'The keys that sign for it: PEM, or DER in base64.' }),
                }),
              )
              .min(1)
              .max(5)
              .meta({ description: 'Whose summaries are believed.' }),
            maximumAgeSeconds: z.int().min(1).nullable().default(null).meta({
              description:
                'How long before the submission the revision may have been verified; null: at any time before.',
            }),
          })
          .nullable()
          .default(null)
          .meta({
            description:
              "The verification summary of the source revision that must come with submissions (SLSA's source track); null: none.",
          }),
      })
      .nullable()
      .default(null)
      .meta({
        description:
          "What the origin of artifacts must be, which is verified then; needs trustedBuildSystemRequired and the project's repositoryUrl. Null: it is not.",
      }),
    hashSigningAllowed: z.boolean().default(false).meta({
      description:
        'Whether hashes are signed whose content the service has not seen; takes timestamp none. Such a signature can be made into one of any format.',
    }),
    changeControl: z
      .strictObject({
        requiredApprovals: z.int().min(1).max(10),
        lifetimeSeconds: z.int().min(3600).max(7_776_000).default(1_209_600),
      })
      .nullable()
      .default(null)
      .meta({ description: 'Approvals that changes of this policy take; null: what the organization demands.' }),
  })
}

/** A policy's settings in a file of their own, which names everything by ids. Published in `docs/signing-policy.schema.json`. */
export const policySettings = policySettingsSchema(
  z.union([z.strictObject({ user: z.uuid() }), z.strictObject({ group: z.uuid() })]),
  z.uuid(),
).meta({ title: 'Signing policy' })

/** The settings of a policy, complete. */
export type PolicySettings = z.output<typeof policySettings>

/** Its JSON Schema. */
export function policySchema(): object {
  return z.toJSONSchema(policySettings, { io: 'input' })
}

const subject = { noun: 'policy', invalid: 'POLICY_FILE_INVALID', unreadable: 'POLICY_FILE_UNREADABLE' }

/**
 * Reads a policy's settings from a file, YAML or JSON.
 *
 * @param folder what `path` starts from
 * @throws CliError `POLICY_FILE_INVALID`, `POLICY_FILE_UNREADABLE` (exit code: usage)
 */
export function readPolicyFile(folder: string, path: string): Promise<PolicySettings> {
  return readSettingsFile(folder, path, policySettings, subject)
}

/** Holds settings against the schema. @throws CliError `POLICY_FILE_INVALID` */
export function checkedPolicy(document: unknown, from: string): PolicySettings {
  return checkedSettings(document, from, policySettings, subject)
}
