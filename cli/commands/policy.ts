import { CliError } from '../cli-error.ts'
import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import {
  createPolicy,
  deactivatePolicy,
  onePolicy,
  type PolicyDetails,
  policiesOfProject,
  reactivatePolicy,
  updatePolicy,
} from '../documents/policies.ts'
import { isId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { type CommandModule, connect, withConnection } from '../invocation.ts'
import { policyText } from '../output/policy-details.ts'
import { type BasedOnOption, reportOrProposed, withBasedOn, withChangeReason } from '../people.ts'
import { type PolicyOptions, settingsOf, withPolicyOptions } from '../policy-options.ts'
import { projectOf } from './project.ts'

const named = 'PROJECT/POLICY by their slugs, or its id'

/** `countersign policy show`. With `--json`: the policy's fields, with `versions`. */
export const show: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .argument('<policy>', named)
      .action(async (text: string, options: ConnectionOptions) => {
        const policy = await policyOf(await connect(invocation, options, 'ci'), text)
        const { report } = invocation
        report.result(policy, () => policyText(policy, report.marker))
      })
  },
}

/** `countersign policy create`. With `--json`: `{ signingPolicyId, position, changeProposalId }`. */
export const create: CommandModule = {
  define(command, invocation) {
    withPolicyOptions(withChangeReason(withConnection(command)))
      .argument('<slug>', 'what tools name the policy by in its project, for good')
      .requiredOption('--project <project>', 'slug or id of its project')
      .action(async (slug: string, options: ConnectionOptions & PolicyOptions & { readonly project: string }) => {
        const settings = await settingsOf(invocation, options)
        const connection = await connect(invocation, options, null)
        const project = await projectOf(connection, options.project)
        const input = { projectId: project.projectId, slug, settings }
        const { createSigningPolicy: changed } = await ask(connection, createPolicy, { input })
        reportOrProposed(invocation, changed, `Created the policy ${project.slug}/${slug.toLowerCase()}.`)
      })
  },
}

/** `countersign policy update`. With `--json`: `{ signingPolicyId, position, changeProposalId }`. */
export const update: CommandModule = {
  define(command, invocation) {
    withPolicyOptions(withBasedOn(withChangeReason(withConnection(command))))
      .argument('<policy>', named)
      .action(async (text: string, options: ConnectionOptions & PolicyOptions & BasedOnOption) => {
        const connection = await connect(invocation, options, null)
        const policy = await policyOf(connection, text)
        const { signingPolicyId, revision, current } = policy
        const settings = await settingsOf(invocation, options, current)
        const input = { signingPolicyId, basedOnRevision: options.basedOn ?? revision, settings }
        const { updateSigningPolicy: changed } = await ask(connection, updatePolicy, { input })
        reportOrProposed(invocation, changed, `Made version ${current.version + 1} of the policy ${policy.slug}.`)
      })
  },
}

/** `countersign policy deactivate`. With `--json`: `{ signingPolicyId, position, changeProposalId }`. */
export const deactivate: CommandModule = {
  define(command, invocation) {
    withBasedOn(withConnection(command))
      .argument('<policy>', named)
      .option('--reason <text>', 'why')
      .action(async (text: string, options: ConnectionOptions & BasedOnOption & { readonly reason?: string }) => {
        const connection = await connect(invocation, options, null)
        const { signingPolicyId, slug, revision } = await policyOf(connection, text)
        const input = { signingPolicyId, basedOnRevision: options.basedOn ?? revision, reason: options.reason ?? null }
        const { deactivateSigningPolicy: changed } = await ask(connection, deactivatePolicy, { input })
        reportOrProposed(invocation, changed, `Deactivated the policy ${slug}: it signs nothing.`)
      })
  },
}

/** `countersign policy reactivate`. With `--json`: `{ signingPolicyId, position, changeProposalId }`. */
export const reactivate: CommandModule = {
  define(command, invocation) {
    withBasedOn(withChangeReason(withConnection(command)))
      .argument('<policy>', named)
      .action(async (text: string, options: ConnectionOptions & BasedOnOption) => {
        const connection = await connect(invocation, options, null)
        const { signingPolicyId, slug, revision } = await policyOf(connection, text)
        const input = { signingPolicyId, basedOnRevision: options.basedOn ?? revision }
        const { reactivateSigningPolicy: changed } = await ask(connection, reactivatePolicy, { input })
        reportOrProposed(invocation, changed, `Reactivated the policy ${slug}.`)
      })
  },
}

export async function policyOf(connection: Connection, name: string): Promise<PolicyDetails> {
  const id = isId(name) ? name : await idBySlugs(connection, name)
  const policy = id === undefined ? null : (await ask(connection, onePolicy, { id })).signingPolicy
  if (policy !== null) return policy
  throw new CliError('SIGNING_POLICY_NOT_FOUND', `There is no signing policy ${name}.`, {
    hint: '`countersign policy list` shows the policies, as PROJECT/POLICY.',
    exitCode: exitCode.refused,
  })
}

async function idBySlugs(connection: Connection, name: string): Promise<string | undefined> {
  const [project, slug, ...rest] = name.toLowerCase().split('/')
  if (project === undefined || slug === undefined || rest.length > 0) return undefined
  const found = (await ask(connection, policiesOfProject, { slug: project })).project
  return found?.signingPolicies.find((policy) => policy.slug === slug)?.signingPolicyId
}
