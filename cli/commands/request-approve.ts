import type { Command } from 'commander'
import { CliError, usageError } from '../cli-error.ts'
import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { type ApprovalAnswer, approveRequest, approveRequests, mostApprovals } from '../documents/request-changes.ts'
import { oneRequest } from '../documents/requests.ts'
import { parseId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { requestNotFound } from '../following/follow-request.ts'
import { connect, explain, type Invocation, withConnection } from '../invocation.ts'
import { planText } from '../output/plan-text.ts'
import { requestText } from '../output/request-details.ts'
import { safeText } from '../output/safe-text.ts'
import { reportChange } from '../report-change.ts'
import { fetchPlan, filesShown } from '../signing-plan.ts'

type Options = ConnectionOptions & {
  readonly planDigest?: string
  readonly yes?: true
  readonly comment?: string
  readonly allFiles?: true
}

/**
 * `countersign request approve`. With `--json`: `{ signingRequestId, position, planDigest, signingRequest }`; of several requests
 * `{ answers: [{ signingRequestId, planDigest, position, refusal }] }`.
 */
export function define(command: Command, invocation: Invocation): void {
  explain(
    command,
    "Shows what will be signed (each file with its SHA-256, what is done to it, the certificate), checks that it is what the plan's digest stands for, asks, and approves that digest: another plan than the one shown cannot be approved by it. Several requests, such as the builds of one release, are all shown before the first is approved; each is approved or refused by itself.",
  )
  withConnection(command)
    .argument('<id...>', `the signing request, or up to ${mostApprovals}`)
    .option('--plan-digest <sha256>', 'approve this plan of one request, looked at before, without showing it again')
    .option('--yes', 'approve the plan that is shown without being asked')
    .option('--comment <text>', 'why')
    .option('--all-files', `show all files that will be signed, not only the first ${filesShown}`)
    .action(async (texts: readonly string[], options: Options) => {
      const ids = texts.map((text) => parseId(text, 'signing request'))
      const { planDigest: given, yes } = options
      if (given !== undefined && yes) throw usageError('--plan-digest and --yes exclude each other.')
      if (given !== undefined && !/^[0-9a-f]{64}$/i.test(given))
        throw usageError('--plan-digest is not a SHA-256 digest of 64 hexadecimal characters.')
      if (new Set(ids).size < ids.length) throw usageError('A signing request is named twice.')
      // Before anybody looks at them one by one.
      if (ids.length > mostApprovals)
        throw usageError(`At most ${mostApprovals} signing requests are approved at once; ${ids.length} are named.`)
      const [id = '', ...others] = ids
      if (others.length === 0) return approveOne(invocation, options, id)
      if (given !== undefined) throw usageError('--plan-digest is of one request: approve several one by one by it.')
      await approveSeveral(invocation, options, ids)
    })
}

async function approveOne(invocation: Invocation, options: Options, id: string): Promise<void> {
  const { planDigest: given, comment = null } = options
  const connection = await connect(invocation, options, null)
  const planDigest = given?.toLowerCase() ?? (await digestAgreedTo(connection, id, options, invocation))
  const input = { signingRequestId: id, planDigest, comment }
  const { approveSigningRequest: changed } = await ask(connection, approveRequest, { input })
  await reportChange(invocation, connection, 'Approved', changed, { planDigest })
}

/** All are looked at before any is approved: who breaks off in between has approved nothing. */
async function approveSeveral(invocation: Invocation, options: Options, ids: readonly string[]): Promise<void> {
  const { report, exitWith } = invocation
  const { comment = null } = options
  const connection = await connect(invocation, options, null)
  const approvals: { signingRequestId: string; planDigest: string; comment: string | null }[] = []
  for (const signingRequestId of ids) {
    const planDigest = await digestAgreedTo(connection, signingRequestId, options, invocation)
    approvals.push({ signingRequestId, planDigest, comment })
  }
  const { approveSigningRequests } = await ask(connection, approveRequests, { input: { approvals } })
  const answers = approveSigningRequests.answers.map((answer, index) => {
    const { planDigest = null } = approvals[index] ?? {}
    return { ...answer, planDigest }
  })
  report.result({ answers }, () => answers.map(answerText).join(''))
  if (answers.some(({ refusal }) => refusal !== null)) exitWith(exitCode.refused)
}

function answerText({ signingRequestId, refusal }: ApprovalAnswer): string {
  return refusal === null
    ? `Approved ${signingRequestId}.\n`
    : `Not approved: ${signingRequestId}: ${refusal.code}: ${safeText(refusal.message)}\n`
}

async function digestAgreedTo(
  connection: Connection,
  id: string,
  { yes, allFiles }: Options,
  { terminal, report }: Invocation,
): Promise<string> {
  const limit = allFiles ? Number.POSITIVE_INFINITY : filesShown
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
