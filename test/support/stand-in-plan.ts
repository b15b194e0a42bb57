import { certificate, type StandInRequest, sha256, shownPlan } from './stand-in-answers.ts'
import type { StandInService } from './stand-in-service.ts'

const existingSignatures = [
  {
    digestAlgorithm: 'sha1',
    integrity: 'intact',
    issuer: 'CN=Issuer',
    kind: 'signature',
    outcome: 'kept',
    place: 'certificate table',
    depth: 0,
    serialNumber: '0a1b',
    sha256: sha256('first'),
    signer: 'CN=Somebody else\u202e',
    timestamp: {
      authority: 'CN=Time',
      integrity: 'invalid',
      kind: 'countersignature',
      time: '2019-09-09T16:20:53.000Z',
      uncovered: ['attribute certificates'],
    },
    uncovered: ['the unsigned attribute 1.2.3'],
  },
  {
    kind: 'unreadable',
    outcome: 'kept',
    place: 'nested signature',
    depth: 1,
    reason: 'It is no DER.',
    sha256: sha256('second'),
  },
]

/** A plan as the stand-in shows it. */
export type ShownPlan = ReturnType<typeof shownPlan>

const head = (request: StandInRequest) => ({
  certificateThumbprint: certificate.thumbprint,
  signingRequestId: request.signingRequestId,
  timestamp: 'required',
})

/** A file of a plan that is signed. */
export const plannedFile = (name: string) => ({
  directives: [
    {
      attributes: { append: false, description: null, 'hash-algorithm': 'sha256' },
      contentDigests: [{ algorithm: 'sha256', content: 'image', digest: sha256(`content of ${name}`) }],
      directive: 'authenticode-sign',
    },
  ],
  existingSignatures,
  format: 'pe',
  kind: 'file',
  outcome: 'signed',
  path: [name],
  sha256: sha256(name),
  size: 8,
})

/** Gives a request a plan and lets it wait; `forge` changes what is shown and not the digest that is told. */
export function plan(
  service: StandInService,
  request: StandInRequest,
  forge: (plan: ShownPlan) => Partial<ShownPlan> = () => ({}),
  pages: Parameters<typeof shownPlan>[1] = [[plannedFile('setup.exe')]],
) {
  const shown = shownPlan(head(request), pages)
  service.happen(
    request,
    'SigningPlanned',
    { planDigest: shown.digest, fileCount: shown.fileCount },
    { workflowStatus: 'WaitingForApproval', missingApprovals: 2, plan: { ...shown, ...forge(shown) } },
  )
  return shown.digest
}

/** Shows another head than the one whose digest is told. */
export const forgedHead = (changes: object) => (shown: ShownPlan) => ({
  document: JSON.stringify({ ...JSON.parse(shown.document), ...changes }),
})
/** Shows another page than the plan has. */
export const forgedPage = (page: ShownPlan['page']) => () => ({ page })
