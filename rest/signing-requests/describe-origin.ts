import { evidenceFile } from '../../domain/index.ts'
import type { SigningRequestView } from '../../projections/index.ts'
import { showVerification } from '../administration/origin-verification.ts'
import type { Links } from '../links.ts'
import type { RequestSummary } from './request-document.ts'

/** What the trusted build system claims that vouched for a request. */
export function originOf(request: SigningRequestView, links: Links): RequestSummary['origin'] {
  const { claimedOrigin } = request
  if (claimedOrigin === undefined) return null
  const { repositoryData, buildData } = claimedOrigin
  const file = buildData?.buildSettingsFile ?? null
  return {
    repositoryData,
    buildData: buildData && {
      url: buildData.url,
      buildSettingsFile: file && {
        downloadLink: links.signingRequest(request, 'BuildSettingsFile'),
        fileName: file.fileName,
      },
    },
  }
}

/** The trusted build system that vouched for the submission; `null` when none did. */
export function voucherOf({ vouchedBy }: SigningRequestView): RequestSummary['vouchedBy'] {
  if (vouchedBy === null) return null
  const { trustedBuildSystemId, proof, node, nodeStatement = null } = vouchedBy
  return { trustedBuildSystemId, method: proof.method, node, nodeStatement }
}

/** Which build the submission said that it is; `null` when it said none. */
export function buildOf({ build }: SigningRequestView): RequestSummary['build'] {
  return build === undefined
    ? null
    : { fields: { ...build.fields }, secretNames: build.secrets.map(({ name }) => name) }
}

/** What policy and project demand of the origin; `null` where it is not verified. */
export function demandedOriginOf({
  originVerification: demanded,
}: SigningRequestView): RequestSummary['demandedOrigin'] {
  return demanded === undefined ? null : { repositoryUrl: demanded.repositoryUrl, ...showVerification(demanded) }
}

/** What came of verifying the origin; `null` until then. */
export function verifiedOriginOf(request: SigningRequestView, links: Links): RequestSummary['verifiedOrigin'] {
  const { origin: found } = request
  if (found === null) return null
  const { kind, trustedBuildSystemId, verified, checks, evidence } = found
  const origin = verified?.origin
  return {
    verified: verified !== null,
    kind,
    proof: verified?.proof ?? null,
    trustedBuildSystemId,
    repository: origin?.repository ?? null,
    ref: origin?.ref ?? null,
    commitId: origin?.commitId ?? null,
    build: origin?.build ?? null,
    actors: [...(origin?.actors ?? [])],
    node: origin?.node ?? null,
    checks: checks.map((check) => ({ ...check, inputs: [...check.inputs] })),
    evidence: evidence.map((each) => ({
      ...each,
      fileName: evidenceFile(each).fileName,
      link: links.signingRequest(request, `OriginEvidence/${each.sha256}`),
    })),
  }
}
