import { randomUUID } from 'node:crypto'
import {
  type AlternativeName,
  type CertificateId,
  type CertificateRequest,
  type CertificateRestrictions,
  type CertificateSubject,
  certificateDecider,
  defaultKeyStore,
  type Enrolment,
  fold,
  type Instant,
  type KeyAlgorithm,
  type KeyCommand,
  type KeyId,
  type KeyState,
  keyDecider,
  streams,
  unrestricted,
} from '../domain/index.ts'
import type { EventLog, LogPosition } from '../event-log/index.ts'
import type { Requester } from './caller.ts'
import { wholeSeconds } from './certificates.ts'
import { handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'

/** The key that a certificate is to be for: a new one in a key store, or one that there is. */
export type CertificateKey =
  | {
      readonly algorithm: KeyAlgorithm
      /** The key store's name in the signer's configuration; `default` when it is left out. */
      readonly keyStore?: string
    }
  | { readonly keyId: KeyId }

/** What every new certificate is asked for with. */
type CommonInput = {
  readonly name: string
  readonly key: CertificateKey
  /** The certificate that it is to succeed, when there is one. */
  readonly renews?: CertificateId
  /** What every policy that uses it must demand; nothing when it is left out. */
  readonly restrictions?: CertificateRestrictions
}

/** What a self-signed certificate is to be. */
export type SelfSignedCertificateInput = CommonInput & {
  readonly subject: CertificateSubject
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** So many hours before its end the signer makes the next one; left out: it ends. For tests. */
  readonly renewBeforeHours?: number
}

/** What a certificate of an authority is to be. */
export type AuthorityCertificateInput = CommonInput & {
  readonly subject: CertificateSubject
  readonly alternativeNames?: readonly AlternativeName[]
  /** How it comes from the authority; by uploads when it is left out. */
  readonly enrolment?: Enrolment
}

/**
 * Asks for a self-signed certificate, and for its key when that is to be a new one, and waits until the signer has made
 * both. Nothing is recorded when one of the two is refused.
 *
 * @throws Refusal `FORBIDDEN`, and as the deciders of keys and certificates
 * @throws WorkflowsUnavailable when no signer answers; both are made when one does
 */
export function createSelfSignedCertificate(
  dependencies: CertificateMaking,
  requester: Requester,
  input: SelfSignedCertificateInput,
): Promise<CreatedCertificate> {
  const { subject, notBefore, notAfter, renewBeforeHours = null } = input
  return create(dependencies, requester, input, { kind: 'selfSigned', subject, notBefore, notAfter, renewBeforeHours })
}

/** What an OpenPGP key is to be. */
export type OpenPgpKeyInput = CommonInput & {
  /** Such as `Acme Releases <release@acme.example>`. */
  readonly userId: string
  /** When it ends; never when it is left out. Less than seconds is cut off. */
  readonly expiresAt?: Instant
}

/**
 * Asks for an OpenPGP key with a user id, and for the key itself when that is to be a new one, and waits until the signer has made both and
 * the key has certified itself. Nothing is recorded when one of the two is refused.
 *
 * @throws Refusal `FORBIDDEN`, and as the deciders of keys and certificates
 * @throws WorkflowsUnavailable when no signer answers; both are made when one does
 */
export function createOpenPgpKey(
  dependencies: CertificateMaking,
  requester: Requester,
  input: OpenPgpKeyInput,
): Promise<CreatedCertificate> {
  const { userId, expiresAt } = input
  const createdAt = wholeSeconds(dependencies.now())
  const end = expiresAt === undefined ? null : wholeSeconds(expiresAt)
  return create(dependencies, requester, input, { kind: 'openPgp', userId, createdAt, expiresAt: end })
}

/**
 * Asks for a certificate of an authority, and for its key when that is to be a new one, and waits until the signer has made
 * the request that goes to the authority. An EST server is asked after that, in the background.
 *
 * @throws Refusal `FORBIDDEN`, and as the deciders of keys and certificates
 * @throws WorkflowsUnavailable when no signer answers; the request is made when one does
 */
export function requestCertificate(
  dependencies: CertificateMaking,
  requester: Requester,
  input: AuthorityCertificateInput,
): Promise<CreatedCertificate> {
  const { subject, alternativeNames = [], enrolment = { by: 'upload' } } = input
  return create(dependencies, requester, input, { kind: 'authority', subject, alternativeNames, enrolment })
}

/** What making certificates needs. */
export type CertificateMaking = Pick<ApplicationDependencies, 'log' | 'now'> & {
  readonly workflows: Pick<
    ApplicationDependencies['workflows'],
    'generateKey' | 'issueCertificate' | 'enrolCertificate'
  >
}

/** What a request says of its kind, beside what all have in common. */
type OfKind<Request extends CertificateRequest> = Request extends unknown
  ? Omit<Request, keyof CommonInput | 'certificateId' | 'organizationId' | 'keyId'>
  : never

async function create(
  dependencies: CertificateMaking,
  requester: Requester,
  input: CommonInput,
  ofKind: OfKind<CertificateRequest>,
): Promise<CreatedCertificate> {
  const { log, workflows } = dependencies
  const { organizationId } = requester
  const { name, renews = null, restrictions = unrestricted } = input

  // 1. What is wrong is refused before either is recorded.
  const { keyId, key, newKey } = await keyFor(log, requester, input)
  const certificateId = randomUUID() as CertificateId
  const request = { certificateId, organizationId, name, keyId, renews, restrictions, ...ofKind }
  const renewed =
    renews === null ? null : (await loadOwn(log, streams.certificate(renews), certificateDecider, requester)).state
  const command = { type: 'RequestCertificate', request, key, renewed } as const
  certificateDecider.decide(command, certificateDecider.initialState())

  // 2. The key is asked for, then its certificate: what is interrupted between them leaves a key without a certificate.
  if (newKey !== undefined) await handleCommand(dependencies, requester, streams.key(keyId), keyDecider, newKey)
  await handleCommand(dependencies, requester, streams.certificate(certificateId), certificateDecider, command)

  // 3. The signer makes both. It is taken up again by itself when this is interrupted.
  if (newKey !== undefined) await workflows.generateKey(keyId)
  const { position } = await workflows.issueCertificate(certificateId)
  if (ofKind.kind === 'authority' && ofKind.enrolment.by === 'est') await workflows.enrolCertificate(certificateId)
  return { certificateId, keyId, position }
}

/** The key that is meant; one that is to be new as it will be once it was asked for. */
async function keyFor(
  log: EventLog,
  requester: Requester,
  { name, key: wanted }: Pick<CommonInput, 'name' | 'key'>,
): Promise<{ readonly keyId: KeyId; readonly key: KeyState; readonly newKey: KeyCommand | undefined }> {
  if ('keyId' in wanted) {
    const { keyId } = wanted
    const { state: key } = await loadOwn(log, streams.key(keyId), keyDecider, requester)
    return { keyId, key, newKey: undefined }
  }
  const keyId = randomUUID() as KeyId
  const { organizationId } = requester
  const { algorithm, keyStore = defaultKeyStore } = wanted
  const newKey = { type: 'RequestKeyGeneration', keyId, organizationId, name, keyStore, algorithm } as const
  const key = fold(keyDecider, keyDecider.decide(newKey, keyDecider.initialState()))
  return { keyId, key, newKey }
}

/** A certificate that was made, and the key that it is for. */
export type CreatedCertificate = {
  readonly certificateId: CertificateId
  readonly keyId: KeyId
  /** Where the log was when the certificate was in it. */
  readonly position: LogPosition
}

/**
 * Disables a key: it signs nothing from now on, whatever certificates it has.
 *
 * @throws Refusal `FORBIDDEN`, `KEY_NOT_FOUND`, `KEY_DISABLED`, `TEXT_…`
 */
export async function disableKey(
  dependencies: Pick<ApplicationDependencies, 'log' | 'now'>,
  requester: Requester,
  input: { readonly keyId: KeyId; readonly reason: string | null },
): Promise<{ readonly position: LogPosition }> {
  const command = { type: 'DisableKey', reason: input.reason } as const
  return handleCommand(dependencies, requester, streams.key(input.keyId), keyDecider, command)
}
