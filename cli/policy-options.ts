import type { Command } from 'commander'
import { usageError } from './cli-error.ts'
import type { PolicyInput, PolicyVersion } from './documents/policies.ts'
import type { Invocation } from './invocation.ts'
import { several } from './people.ts'
import { checkedPolicy, type PolicySettings, readPolicyFile } from './policy-file.ts'
import { asInputs, principalForm, principalsOf } from './principals.ts'
import {
  type SourceSummaryOptions,
  saysSourceSummary,
  sourceSummaryOf,
  withSourceSummaryOptions,
} from './source-summary-options.ts'

/** Options that say what a signing policy is to demand. */
export type PolicyOptions = SourceSummaryOptions & {
  readonly file?: string
  readonly name?: string
  readonly certificate?: string
  readonly submitter?: readonly string[]
  readonly approver?: readonly string[]
  readonly requiredApprovals?: string
  readonly deadlineSeconds?: string
  readonly submitterMayApprove?: boolean
  readonly timestamp?: string
  readonly release?: boolean
  readonly existingSignatures?: string
  readonly changeApprovals?: string
  readonly trustedBuildSystemRequired?: boolean
  readonly allowedBranch?: readonly string[] | false
  readonly allowHashSigning?: boolean
}

/** Adds them. */
export function withPolicyOptions(command: Command): Command {
  return withSourceSummaryOptions(command)
    .option('--file <path>', 'all settings, YAML or JSON; options here go before what it says')
    .option('--name <text>', 'what people call the policy')
    .option('--certificate <id>', 'what it signs with')
    .option(`--submitter ${principalForm}`, 'who may submit; may be given several times', several)
    .option(`--approver ${principalForm}`, 'who may approve; may be given several times', several)
    .option('--required-approvals <number>', 'so many different people must agree; 0: nobody is asked')
    .option('--deadline-seconds <number>', 'after so long a request is denied; 0: it waits without end')
    .option('--submitter-may-approve', 'an approval by the person behind the submission counts')
    .option('--no-submitter-may-approve', 'it does not')
    .option('--timestamp <required|none>', 'whether signatures must carry a time-stamp')
    .option('--release', 'strong algorithms only, time-stamp always, no test certificates')
    .option('--no-release', 'a policy for tests')
    .option(
      '--existing-signatures <list>',
      'of replace, append, refuse: what submissions may ask for, the default first',
    )
    .option('--trusted-build-system-required', 'one must vouch for submissions; only CI users submit then')
    .option('--no-trusted-build-system-required', 'none need vouch for them')
    .option(
      '--allowed-branch <glob>',
      "origins are verified: the repository is the project's, the branch such a one; may be given several times",
      (glob: string, before?: readonly string[] | false) => several(glob, before || undefined),
    )
    .option('--no-allowed-branch', 'origins are not verified')
    .option('--allow-hash-signing', 'sign hashes whose content nobody sees; needs --timestamp none')
    .option('--no-allow-hash-signing', 'sign files only')
    .option(
      '--change-approvals <number>',
      'so many others must approve changes of this policy; 0: as the organization says',
    )
}

/**
 * The settings that file and options say, the rest as it was.
 *
 * @param before of the version in force; nothing of a new policy
 * @throws CliError `POLICY_FILE_INVALID`, `POLICY_FILE_UNREADABLE`, `ID_MALFORMED` (exit code: usage)
 */
export async function settingsOf(
  { terminal }: Invocation,
  options: PolicyOptions,
  before?: PolicyVersion,
): Promise<PolicyInput> {
  const { file } = options
  const base: unknown =
    file !== undefined
      ? await readPolicyFile(terminal.workingDirectory, file)
      : before === undefined
        ? {}
        : asSettings(before)
  const said = await withSourceSummary(terminal, changed(base as Partial<PolicySettings>, options), options)
  const { certificate, ...settings } = checkedPolicy(said, file ?? 'the options')
  return { ...settings, certificateId: certificate } as PolicyInput
}

/** What is demanded of the source is a part of verifying origins. @throws CliError `USAGE`, `FILE_UNREADABLE` */
async function withSourceSummary(
  { workingDirectory }: Invocation['terminal'],
  said: Partial<PolicySettings>,
  options: PolicyOptions,
): Promise<object> {
  if (!saysSourceSummary(options)) return said
  const { originVerification } = said
  if (!originVerification)
    throw usageError(
      'A summary of the source is demanded where origins are verified only.',
      'Say which branches are built, too: --allowed-branch GLOB.',
    )
  const sourceSummary = await sourceSummaryOf(workingDirectory, options, originVerification.sourceSummary ?? null)
  return { ...said, originVerification: { ...originVerification, sourceSummary } }
}

function changed(base: Partial<PolicySettings>, options: PolicyOptions): Partial<PolicySettings> {
  const { name, certificate, timestamp, release, changeApprovals, existingSignatures, submitter } = options
  const { trustedBuildSystemRequired, allowedBranch, allowHashSigning: hashSigningAllowed } = options
  return {
    ...base,
    ...(name === undefined ? {} : { name }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(submitter === undefined ? {} : { submitters: principalsOf(submitter) }),
    ...(timestamp === undefined ? {} : { timestamp }),
    ...(release === undefined ? {} : { release }),
    ...(existingSignatures === undefined ? {} : { existingSignatures: existingSignatures.split(',') }),
    ...(trustedBuildSystemRequired === undefined ? {} : { trustedBuildSystemRequired }),
    ...(allowedBranch === undefined
      ? {}
      : {
          originVerification:
            allowedBranch === false ? null : { ...base.originVerification, allowedBranches: allowedBranch },
        }),
    ...(hashSigningAllowed === undefined ? {} : { hashSigningAllowed }),
    ...(changeApprovals === undefined
      ? {}
      : {
          changeControl:
            changeApprovals === '0' ? null : { ...base.changeControl, requiredApprovals: Number(changeApprovals) },
        }),
    approval: approvalOf(base.approval ?? null, options),
    // What it comes to is checked as a whole.
  } as Partial<PolicySettings>
}

function approvalOf(before: PolicySettings['approval'], options: PolicyOptions): object | null {
  const { approver, requiredApprovals, deadlineSeconds, submitterMayApprove } = options
  if (requiredApprovals === '0') return null
  if ((approver ?? requiredApprovals ?? deadlineSeconds ?? submitterMayApprove) === undefined) return before
  return {
    ...before,
    ...(approver === undefined ? {} : { approvers: principalsOf(approver) }),
    ...(requiredApprovals === undefined ? {} : { requiredApprovals: Number(requiredApprovals) }),
    ...(deadlineSeconds === undefined
      ? {}
      : { deadlineSeconds: deadlineSeconds === '0' ? null : Number(deadlineSeconds) }),
    ...(submitterMayApprove === undefined ? {} : { submitterMayApprove }),
  }
}

function asSettings({ certificate, submitters, approval, ...version }: PolicyVersion): object {
  const { name, timestamp, release, existingSignatures, changeControl } = version
  const { trustedBuildSystemRequired, originVerification, hashSigningAllowed } = version
  return {
    name,
    certificate: certificate?.certificateId,
    submitters: asInputs(submitters),
    approval: approval && { ...approval, approvers: asInputs(approval.approvers) },
    timestamp,
    release,
    existingSignatures,
    trustedBuildSystemRequired,
    originVerification,
    hashSigningAllowed,
    changeControl,
  }
}
