import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { certificateDecider, chainOfCertificate, fold, type SigningRequest, streams } from '../../domain/index.ts'
import { type EventLog, readWholeStream } from '../../event-log/index.ts'
import type { Credentials } from '../../server/embedded/credentials.ts'
import { verifyPeFile } from '../../signing/authenticode/index.ts'
import { toPem } from '../../signing/x509/index.ts'
import { osslsigncodeVerify } from './osslsigncode.ts'
import { requestHistories } from './request-histories.ts'
import { serviceClient } from './service-client.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A running service, and what is needed to look at it from all sides. */
export type Observed = {
  readonly url: string
  readonly credentials: Credentials
  readonly log: EventLog
  readonly timeStampRoot: string
}

const requestDocument = `query ($id: ID!, $position: LogPosition) {
  signingRequest(id: $id, minimumPosition: $position) {
    workflowStatus
    attempts { attempt }
    approvals { approver { userId } }
    signedArtifact { sha256 size }
    signedArtifactLink
    events(first: 100) { nodes { type } }
  }
}`

type Shown = {
  readonly signingRequest: {
    readonly workflowStatus: string
    readonly attempts: readonly { readonly attempt: number }[]
    readonly approvals: readonly { readonly approver: { readonly userId: string } }[]
    readonly signedArtifact: { readonly sha256: string; readonly size: number }
    readonly signedArtifactLink: string
    readonly events: { readonly nodes: readonly { readonly type: string }[] }
  }
}

/**
 * Expects of every request in the log that it completed exactly once, that the read model says the same, and that its
 * signed artifact downloads and verifies; and that none is missing of those that were accepted.
 */
export async function expectAllCompletedOnce(service: Observed, accepted: ReadonlySet<string>): Promise<void> {
  const { url, credentials, log } = service
  const histories = await requestHistories(log)
  expect([...accepted].filter((id) => !histories.has(id))).toEqual([])

  const folder = temporaryFolder()
  const client = serviceClient(url, credentials.users.administrator?.token)
  const position = await log.head()
  const seenByOthers = new Set<string>()
  for (const [id, { request, types }] of histories) {
    expect(request, id).toMatchObject({ workflowStatus: 'Completed', failure: null })
    expect(occurrences(types), id).toMatchObject({
      SigningRequestSubmitted: 1,
      ArtifactRetrieved: 1,
      SigningPlanned: 1,
      SigningStarted: request.attempts,
      FilesSigned: 1,
      SigningRequestCompleted: 1,
      ...(request.approval === null ? {} : { ApprovalGranted: request.approval.requiredApprovals }),
    })
    expect(types.at(-1), id).toBe('SigningRequestCompleted')

    const { signingRequest: shown } = await client.ask<Shown>(requestDocument, { id, position })
    expect(shown, id).toMatchObject({
      workflowStatus: 'Completed',
      attempts: Array.from({ length: request.attempts }, (_, index) => ({ attempt: index + 1 })),
      approvals: request.approvals.map(({ approver }) => ({ approver: { userId: approver } })),
      signedArtifact: { sha256: request.signedArtifact?.sha256, size: request.signedArtifact?.size },
      events: { nodes: types.map((type) => ({ type })) },
    })

    const signed = await client.download(shown.signedArtifactLink)
    expect(createHash('sha256').update(signed).digest('hex'), id).toBe(request.signedArtifact?.sha256)
    const path = join(folder, `${id}.exe`)
    writeFileSync(path, signed)
    expect(await verifyPeFile({ path }), id).toHaveLength(1)
    // Another program's word takes a process each: one of each policy will do.
    if (seenByOthers.has(request.signingPolicyId)) continue
    seenByOthers.add(request.signingPolicyId)
    const verdict = await osslsigncodeVerify(path, await certificateFile(log, request, folder), service.timeStampRoot)
    expect(verdict, verdict.output).toMatchObject({ ok: true, signatures: 1 })
  }
}

function occurrences(types: readonly string[]): Readonly<Record<string, number>> {
  const counted: Record<string, number> = {}
  for (const type of types) counted[type] = (counted[type] ?? 0) + 1
  return counted
}

async function certificateFile(log: EventLog, { certificateId }: SigningRequest, folder: string): Promise<string> {
  const { events } = await readWholeStream(log, streams.certificate(certificateId))
  const certificate = fold(certificateDecider, events)
  const chain = certificate.status === 'none' ? [] : chainOfCertificate(certificate.issued)
  const path = join(folder, `${certificateId}.pem`)
  writeFileSync(path, chain.map((der) => toPem(Buffer.from(der, 'base64'))).join(''))
  return path
}
