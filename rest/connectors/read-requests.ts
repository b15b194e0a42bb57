import { z } from 'zod'
import { type Application, permissionsOfUseCases } from '../../application/index.ts'
import type { ReadModel } from '../../projections/index.ts'
import { downloadAnswers, handleDownload } from '../download.ts'
import type { Links } from '../links.ts'
import { type Operation, operation } from '../operation.ts'
import { findRequest } from '../signing-requests/find-request.ts'
import { statusDocument, statusOf } from '../signing-requests/status-document.ts'
import { connectorPath, connectorProblem, connectorTag } from './protocol.ts'

const ofRequest = z.object({ connector: z.string(), buildSystem: z.string(), signingRequestId: z.string() })

/**
 * What plugins ask about a request that they made: where it stands, and what was signed. Whatever build system a path names, it is the
 * request that is asked for, and the caller's own permission that counts.
 */
export function connectorReadingOperations(dependencies: {
  readonly application: Pick<Application, 'locateSigningRequest' | 'openArtifact'>
  readonly readModel: ReadModel
  readonly links: Links
}): readonly Operation[] {
  const { application, links } = dependencies
  return [
    operation({
      method: 'GET',
      path: `${connectorPath}/{signingRequestId}/Status`,
      access: 'readOrganization',
      operationId: 'connectorStatus',
      tag: connectorTag,
      summary: 'Where a signing request stands, for a plugin',
      parameters: ofRequest,
      problem: connectorProblem,
      answers: { 200: { description: 'Its status.', schema: statusDocument } },
      async handle({ caller, parameters: { signingRequestId } }) {
        return { status: 200, body: statusOf(await findRequest(dependencies, caller, signingRequestId), links) }
      },
    }),
    operation({
      method: 'GET',
      withHead: true,
      path: `${connectorPath}/{signingRequestId}/SignedArtifact`,
      access: permissionsOfUseCases.openArtifact,
      operationId: 'connectorSignedArtifact',
      tag: connectorTag,
      summary: 'Download what was signed, for a plugin',
      parameters: ofRequest,
      problem: connectorProblem,
      answers: downloadAnswers,
      handle: ({ caller, parameters: { signingRequestId }, request }) =>
        handleDownload(application, { caller, signingRequestId, which: 'signed', request }),
    }),
  ]
}
