import { CliError } from './cli-error.ts'
import type { RequestDetails, RequestStatus } from './documents/request-fields.ts'
import { type ExitCode, exitCode } from './exit-code.ts'
import { pathText } from './output/quantities.ts'

const codes: Readonly<Partial<Record<RequestStatus, ExitCode>>> = {
  Failed: exitCode.failed,
  Denied: exitCode.denied,
  Canceled: exitCode.canceled,
}

/** The error that a request's end means; `undefined` when it is completed, or not at its end. */
export function outcomeError(request: RequestDetails): CliError | undefined {
  const code = codes[request.status]
  if (code === undefined) return undefined
  const { failure, denial, cancellation } = request
  const hint = `\`countersign request show ${request.signingRequestId}\` shows all of it.`
  if (failure !== null) {
    const where = failure.path === null ? '' : ` (${pathText(failure.path)})`
    return new CliError(failure.code, `The signing request failed: ${failure.message}${where}`, {
      hint: failure.remedy === null ? hint : `${failure.remedy} ${hint}`,
      exitCode: code,
    })
  }
  if (denial !== null) {
    const how = denial.kind === 'expired' ? ': the deadline passed' : ` by ${denial.approver?.name ?? 'an approver'}`
    return new CliError('REQUEST_DENIED', `The signing request was denied${how}${because(denial.comment)}.`, {
      hint,
      exitCode: code,
    })
  }
  const who = cancellation?.canceledBy?.name ?? 'the service'
  return new CliError(
    'REQUEST_CANCELED',
    `The signing request was canceled by ${who}${because(cancellation?.reason)}.`,
    {
      hint,
      exitCode: code,
    },
  )
}

function because(text: string | null | undefined): string {
  return text === null || text === undefined || text === '' ? '' : ` (${text.replace(/\.$/, '')})`
}
