import {
  canonicalJson,
  findingOfClaim,
  linkOf,
  type OriginOfRequest,
  type OriginProof,
  originOfJenkinsClaim,
  Refusal,
  type SigningRequest,
  type TrustedBuildSystem,
  type TrustedBuildSystemKind,
  type Voucher,
} from '../domain/index.ts'

/** How the connector of each kind can prove an origin. What a worker records by another one, it cannot have found. */
const proofs: Readonly<Record<TrustedBuildSystemKind, readonly OriginProof[]>> = {
  githubActions: ['api', 'identityToken'],
  gitlabCi: ['api', 'identityToken'],
  openIdConnect: ['identityToken'],
  jenkins: ['api', 'claim'],
  azureDevOps: ['api'],
  teamCity: ['api'],
  appVeyor: ['api'],
  custom: ['claim'],
  authenticationProxy: ['clientCertificate'],
}

/**
 * Holds a recorded origin against what could have been found: of a build system that is only believed, exactly what its claim says; of
 * one that is asked, something that its kind proves, with the answers kept, and by an identity token only where the submission
 * brought one. Of what a build system answered, the worker that asked is believed.
 *
 * @param system as it was when the request was submitted that the artifact came with
 * @param request the request that the artifact came with
 * @throws Refusal `ORIGIN_NOT_VERIFIED`
 */
export function checkFoundOrigin(
  system: TrustedBuildSystem,
  request: Pick<SigningRequest, 'build' | 'claimedOrigin' | 'projectId'>,
  { verified, evidence }: Pick<OriginOfRequest, 'verified' | 'evidence'>,
  node: Voucher['node'],
): void {
  const { kind } = system
  if (verified === null || !proofs[kind].includes(verified.proof))
    throw notVerified(`build systems of the kind ${kind} do not prove it so`)
  const asksJenkins = kind === 'jenkins' && (linkOf(system, request.projectId)?.settings.baseUrl ?? null) !== null
  if (kind === 'jenkins' && (verified.proof === 'api') !== asksJenkins)
    throw notVerified(
      asksJenkins ? 'the link names a Jenkins, which was not asked' : 'the link names no Jenkins to ask',
    )
  const claimed = request.claimedOrigin ?? null
  const claim =
    verified.proof === 'claim' && kind === 'jenkins'
      ? { origin: originOfJenkinsClaim(claimed).origin, proof: verified.proof }
      : findingOfClaim(kind, claimed, node)
  if (claim !== undefined) {
    const { origin, proof } = claim
    if (canonicalJson({ origin, proof }) !== canonicalJson(verified))
      throw notVerified('it is not what the build system claimed')
    return
  }
  if (evidence.length === 0) throw notVerified('no answer of the build system was kept')
  const broughtToken = request.build?.secrets.some(({ name }) => name === 'identityToken') ?? false
  if (verified.proof === 'identityToken' && !broughtToken)
    throw notVerified('it is proved by an identity token, and the submission brought none')
}

/** The refusal of an origin of which the log says what cannot be. */
export function notVerified(why: string): Refusal {
  return new Refusal('ORIGIN_NOT_VERIFIED', `What the log says of the artifact's origin does not hold: ${why}.`)
}
