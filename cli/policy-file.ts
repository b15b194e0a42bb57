import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { CliError, usageError } from './cli-error.ts'
import { exitCode } from './exit-code.ts'

const principal = z.union([z.strictObject({ user: z.uuid() }), z.strictObject({ group: z.uuid() })])

/**
 * What a signing policy demands, as a file says it: all of it, and what is left out is as it is by default. Published as
 * JSON Schema in `docs/signing-policy.schema.json`.
 */
export const policySettings = z
  .strictObject({
    name: z.string().min(1).meta({ description: 'What people call the policy.' }),
    certificate: z.uuid().meta({ description: 'Id of the certificate that it signs with.' }),
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
    changeControl: z
      .strictObject({
        requiredApprovals: z.int().min(1).max(10),
        lifetimeSeconds: z.int().min(3600).max(7_776_000).default(1_209_600),
      })
      .nullable()
      .default(null)
      .meta({ description: 'Approvals that changes of this policy take; null: what the organization demands.' }),
  })
  .meta({ title: 'Signing policy' })

/** The settings of a policy, complete. */
export type PolicySettings = z.output<typeof policySettings>

/** Its JSON Schema. */
export function policySchema(): object {
  return z.toJSONSchema(policySettings, { io: 'input' })
}

/**
 * Reads a policy's settings from a file, YAML or JSON.
 *
 * @param folder what `path` starts from
 * @throws CliError `POLICY_FILE_INVALID`, `POLICY_FILE_UNREADABLE` (exit code: usage)
 */
export async function readPolicyFile(folder: string, path: string): Promise<PolicySettings> {
  let text: string
  try {
    text = await readFile(resolve(folder, path), 'utf8')
  } catch (error) {
    throw new CliError('POLICY_FILE_UNREADABLE', `${path} cannot be read: ${(error as Error).message}`, {
      exitCode: exitCode.usage,
    })
  }
  let document: unknown
  try {
    document = parse(text, { maxAliasCount: 0 })
  } catch (error) {
    throw invalid(path, (error as Error).message)
  }
  return checkedPolicy(document, path)
}

/** Holds settings against the schema. @throws CliError `POLICY_FILE_INVALID` */
export function checkedPolicy(document: unknown, from: string): PolicySettings {
  const read = policySettings.safeParse(document)
  if (read.success) return read.data
  const faults = read.error.issues.map(({ path, message }) => `${path.join('.') || 'the document'}: ${message}`)
  throw invalid(from, faults.slice(0, 10).join('; '))
}

function invalid(from: string, what: string): CliError {
  return usageError(`The policy of ${from} is not valid: ${what}`, undefined, 'POLICY_FILE_INVALID')
}
