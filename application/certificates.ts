import {
  type Certificate,
  type CertificateId,
  type CertificateRestrictions,
  type ContinuityFinding,
  certificateDecider,
  chainOfCertificate,
  continuityFindings,
  currentVersion,
  type Instant,
  type IssuedCertificate,
  keyDecider,
  Refusal,
  requireAwaiting,
  signingPolicyDecider,
  streams,
} from '../domain/index.ts'
import type { EventLog } from '../event-log/index.ts'
import type { Requester } from './caller.ts'
import { type BasedOn, type Handled, handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'

/** What became of a change of a certificate. */
export type CertificateChanged = Handled

/** Which certificate is meant. */
export type NamedCertificate = { readonly certificateId: CertificateId }

/** What an authority issued, and for which certificate. */
export type CertificateInstallation = NamedCertificate & { readonly file: Uint8Array }

/** What policies that use a certificate must demand from now on. */
export type RestrictionsChange = NamedCertificate & { readonly restrictions: CertificateRestrictions } & BasedOn

/**
 * Installs what an authority issued for a certificate's request: the first certificate, or the next one. Nothing changes when
 * anything is wrong with it.
 *
 * @throws Refusal `FORBIDDEN`, `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_STATE`, `CERTIFICATE_CONTINUITY`,
 *   `CERTIFICATE_FILE_…`, `X509_…`, `PKCS7_MALFORMED`, `ISSUED_…`, `CHAIN_…`
 */
export async function installCertificate(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now' | 'certificates'>,
  requester: Requester,
  { certificateId, file }: CertificateInstallation,
): Promise<CertificateChanged> {
  const { log, now, certificates } = dependencies
  const certificate = await loadCertificate(log, requester, certificateId)
  requireAwaiting(certificate)
  const { state: key } = await loadOwn(log, streams.key(certificate.keyId), keyDecider, requester)
  if (key.status === 'none' || key.publicKey === null)
    throw new Refusal('KEY_NOT_FOUND', `There is no key ${certificate.keyId}.`)
  const issued = certificates.readIssued({
    file,
    publicKey: key.publicKey,
    known: await knownCertificates(log, requester, certificate),
    at: now(),
  })
  const command = { type: 'InstallCertificate', issued, source: { by: 'upload' } } as const
  return handleCommand(dependencies, requester, streams.certificate(certificateId), certificateDecider, command)
}

/** What was issued before, and what the certificate succeeds: their authorities are often those of what comes next. */
async function knownCertificates(
  log: EventLog,
  requester: Requester,
  { issued, renews }: Certificate,
): Promise<readonly string[]> {
  const before =
    renews === null ? undefined : (await loadOwn(log, streams.certificate(renews), certificateDecider, requester)).state
  const ofRenewed = before === undefined || before.status === 'none' ? undefined : before.issued
  return [...chainOfCertificate(issued).slice(1), ...chainOfCertificate(ofRenewed ?? null).slice(1)]
}

/**
 * Asks for the next certificate of the same names and key: the signer makes it, or the request that goes to the authority.
 *
 * @throws Refusal `FORBIDDEN`, `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_NOT_ISSUED`, `CERTIFICATE_STATE`,
 *   `CERTIFICATE_RENEWAL_REQUESTED`
 * @throws WorkflowsUnavailable when no signer answers; it is made when one does
 */
export async function renewCertificate(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now'> & {
    readonly workflows: Pick<ApplicationDependencies['workflows'], 'issueCertificate' | 'enrolCertificate'>
  },
  requester: Requester,
  { certificateId }: NamedCertificate,
): Promise<CertificateChanged> {
  const command = { type: 'RequestRenewal' } as const
  await handleCommand(dependencies, requester, streams.certificate(certificateId), certificateDecider, command)
  const { workflows, log } = dependencies
  const changed = await workflows.issueCertificate(certificateId)
  const { requested } = await loadCertificate(log, requester, certificateId)
  if (requested.kind === 'authority' && requested.enrolment.by === 'est')
    await workflows.enrolCertificate(certificateId)
  return changed
}

/** Which OpenPGP key gets another end, and when that is; `null`: never. Less than seconds is cut off. */
export type KeyExpiryChange = NamedCertificate & { readonly expiresAt: Instant | null }

/**
 * Has an OpenPGP key end at another moment: the signer makes a further self-signature that says so. The earlier ones stay, so that what
 * was signed under them stays valid.
 *
 * @throws Refusal `FORBIDDEN`, `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_NOT_ISSUED`, `CERTIFICATE_STATE`, `CERTIFICATE_VALIDITY`,
 *   `CERTIFICATE_RENEWAL_REQUESTED`
 * @throws WorkflowsUnavailable when no signer answers; it is made when one does
 */
export async function changeKeyExpiry(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now'> & {
    readonly workflows: Pick<ApplicationDependencies['workflows'], 'issueCertificate'>
  },
  requester: Requester,
  { certificateId, expiresAt }: KeyExpiryChange,
): Promise<CertificateChanged> {
  const command = { type: 'ChangeKeyExpiry', expiresAt: expiresAt === null ? null : wholeSeconds(expiresAt) } as const
  await handleCommand(dependencies, requester, streams.certificate(certificateId), certificateDecider, command)
  return dependencies.workflows.issueCertificate(certificateId)
}

/** OpenPGP counts seconds. */
export function wholeSeconds(moment: Instant): Instant {
  return new Date(Math.floor(Date.parse(moment) / 1000) * 1000).toISOString()
}

/**
 * Changes what every policy that uses a certificate must demand. Refused when one of them does not.
 *
 * @throws Refusal `FORBIDDEN`, `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_RESTRICTIONS_INVALID`,
 *   `CERTIFICATE_RESTRICTIONS_UNMET`
 */
export async function restrictCertificate(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now' | 'certificates'>,
  requester: Requester,
  input: RestrictionsChange,
): Promise<CertificateChanged> {
  const { certificateId, restrictions } = input
  await loadCertificate(dependencies.log, requester, certificateId)
  const policies = await policiesUsing(dependencies, requester, certificateId)
  const command = { type: 'ChangeRestrictions', restrictions, policies } as const
  return handleCommand(dependencies, requester, streams.certificate(certificateId), certificateDecider, command, input)
}

/** The active policies that use a certificate, as the log has them. */
async function policiesUsing(
  { log, certificates }: Pick<ApplicationDependencies, 'log' | 'certificates'>,
  requester: Requester,
  certificateId: CertificateId,
) {
  const ids = await certificates.policiesUsing(requester.organizationId, certificateId)
  const policies = await Promise.all(
    ids.map(async (id) => (await loadOwn(log, streams.signingPolicy(id), signingPolicyDecider, requester)).state),
  )
  return policies.flatMap((policy) => {
    if (policy.status !== 'active') return []
    const { settings } = currentVersion(policy)
    return settings.certificateId === certificateId ? [settings] : []
  })
}

/** Which certificate is to be disabled or enabled, and why. */
export type CertificateSwitch = NamedCertificate & { readonly reason: string | null }

/**
 * Disables a certificate, so that it signs nothing from now on, or enables one that was disabled.
 *
 * @throws Refusal `FORBIDDEN`, `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_DISABLED`, `CERTIFICATE_ENABLED`,
 *   `CERTIFICATE_NOT_ISSUED`, `TEXT_…`
 */
export function switchCertificate(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now'>,
  requester: Requester,
  { certificateId, reason }: CertificateSwitch,
  type: 'DisableCertificate' | 'EnableCertificate',
): Promise<CertificateChanged> {
  return handleCommand(dependencies, requester, streams.certificate(certificateId), certificateDecider, {
    type,
    reason,
  })
}

/**
 * Says what changes for updaters, installers and platforms when a certificate takes the place of another one.
 *
 * @returns what differs; nothing when nobody would see a difference
 * @throws Refusal `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_NOT_ISSUED`
 */
export async function checkContinuity(
  { log }: Pick<ApplicationDependencies, 'log'>,
  requester: Requester,
  { before, after }: { readonly before: CertificateId; readonly after: CertificateId },
): Promise<readonly ContinuityFinding[]> {
  return continuityFindings(await issuedOf(log, requester, before), await issuedOf(log, requester, after))
}

async function issuedOf(log: EventLog, requester: Requester, certificateId: CertificateId): Promise<IssuedCertificate> {
  const { issued, name } = await loadCertificate(log, requester, certificateId)
  if (issued === null)
    throw new Refusal('CERTIFICATE_NOT_ISSUED', `The certificate ${name} was not issued and cannot be compared.`)
  return issued
}

/**
 * Reads a certificate of the requester's organization.
 *
 * @throws Refusal `CERTIFICATE_NOT_FOUND`
 */
export async function loadCertificate(
  log: EventLog,
  requester: Requester,
  certificateId: CertificateId,
): Promise<Certificate> {
  const { state } = await loadOwn(log, streams.certificate(certificateId), certificateDecider, requester)
  if (state.status === 'none') throw new Refusal('CERTIFICATE_NOT_FOUND', 'There is no such certificate.')
  return state
}
