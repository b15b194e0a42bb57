import type { Command } from 'commander'
import { CliError, usageError } from '../cli-error.ts'
import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { approveRequest } from '../documents/request-changes.ts'
import { oneRequest } from '../documents/requests.ts'
import { parseId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { requestNotFound } from '../following/follow-request.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { planText } from '../output/plan-text.ts'
import { requestText } from '../output/request-details.ts'
import { reportChange } from '../report-change.ts'
import { fetchPlan, filesShown } from '../signing-plan.ts'

type Options = ConnectionOptions & {
  readonly planDigest?: string
  readonly yes?: true
  readonly comment?: string
  readonly allFiles?: true
}

/** `countersign request approve`. With `--json`: `{ signingRequestId, position, planDigest, signingRequest }`. */
export function define(command: Command, invocation: Invocation): void {
  explain(
    command,
    "Shows what will be signed (each file with its SHA-256, what is done to it, the certificate), checks that it is what the plan's digest stands for, asks, and approves that digest: another plan than the one shown cannot be approved by it.",
  )
  withConnection(command)
    .argument('<id>', 'the signing request')
    .option('--plan-digest <sha256>', 'approve this plan, looked at before, without showing it again')
    .option('--yes', 'approve the plan that is shown without being asked')
    .option('--comment <text>', 'why')
    .option('--all-files', `show all files that will be signed, not only the first ${filesShown}`)
    .action(async (text: string, options: Options) => {
      const id = parseId(text, 'signing request')
      const { planDigest: given, yes, comment } = options
      const limit = options.allFiles ? Number.POSITIVE_INFINITY : filesShown
      if (given !== undefined && yes) throw usageError('--plan-digest and --yes exclude each other.')
      if (given !== undefined && !/^[0-9a-f]{64}$/i.test(given))
        throw usageError('--plan-digest is not a SHA-256 digest of 64 hexadecimal characters.')
      const connection = await connect(invocation, options, null)
      const planDigest =
        given?.toLowerCase() ?? (await digestAgreedTo(connection, { id, limit, yes: yes === true }, invocation))
      const input = { signingRequestId: id, planDigest, comment: comment ?? null }
      const { approveSigningRequest: changed } = await ask(connection, approveRequest, { input })
      await reportChange(invocation, connection, 'Approved', changed, { planDigest })
    })
}

async function digestAgreedTo(
  connection: Connection,
  { id, limit, yes }: { readonly id: string; readonly limit: number; readonly yes: boolean },
  { terminal, report }: Invocation,
): Promise<string> {
  const canAsk = terminal.canAsk && !report.json
  if (!yes && !canAsk)
    throw usageError(
      'Nobody can be asked here, so it must be said which plan is approved.',
      `Look at it by \`countersign request show ${id}\` and give its digest by --plan-digest; or give --yes.`,
    )
  const checked = await fetchPlan(connection, id, limit)
  if (!report.json) {
    const { signingRequest } = await ask(connection, oneRequest, { id, minimumPosition: null })
    if (signingRequest === null) throw requestNotFound(id)
    const { marker } = report
    report.show(`${requestText(signingRequest, marker)}\n${planText(checked, marker)}\n`)
    const { certificate } = signingRequest
    if (certificate !== null && certificate.thumbprint !== checked.plan.certificateThumbprint)
      report.warn(`The certificate ${certificate.name} is not the one that the plan names; signing will be refused.`)
  }
  if (!yes && !/^y(es)?$/i.test((await terminal.ask('Approve this plan? [y/N] ')).trim()))
    throw new CliError('NOT_APPROVED', 'Not approved. Nothing was changed.', { exitCode: exitCode.usage })
  return checked.digest
}
