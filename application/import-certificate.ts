import {
  type CertificateId,
  type CertificateRestrictions,
  certificateDecider,
  defaultKeyStore,
  fold,
  type KeyId,
  type KeyState,
  keyDecider,
  Refusal,
  streams,
  unrestricted,
} from '../domain/index.ts'
import { type EventLog, uuidFromText } from '../event-log/index.ts'
import type { SealedKey, Workflows } from '../workflows/port.ts'
import type { Requester } from './caller.ts'
import { type CertificateChanged, loadCertificate, type NamedCertificate } from './certificates.ts'
import { handleCommand } from './handle-command.ts'
import { loadOwn } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'

/** A certificate whose key exists outside of a key store, without its private half. */
export type CertificateImport = {
  readonly name: string
  /** DER SubjectPublicKeyInfo of the key. */
  readonly publicKey: Uint8Array
  /** The certificate and those above it, in any order: PEM, DER or PKCS #7. */
  readonly file: Uint8Array
  /** The key store's name in the signer's configuration; `default` when it is left out. */
  readonly keyStore?: string
  /** The certificate that it is to succeed, when there is one. */
  readonly renews?: CertificateId
  /** What every policy that uses it must demand; nothing when it is left out. */
  readonly restrictions?: CertificateRestrictions
}

/** A certificate that waits for its key, or has it. */
export type CertificateImportBegun = CertificateChanged & {
  readonly certificateId: CertificateId
  readonly keyId: KeyId
  /** What the private key has to be encrypted for: DER SubjectPublicKeyInfo, base64; `null` when the key is there already. */
  readonly transportKey: string | null
}

/** The private key of a certificate that is imported. */
export type SentKey = NamedCertificate & { readonly sealed: SealedKey }

/** What importing needs. */
export type CertificateImporting = Pick<ApplicationDependencies, 'log' | 'now' | 'certificates'> & {
  readonly workflows: Pick<Workflows, 'generateKey' | 'importKey' | 'issueCertificate'>
}

/**
 * Begins to import a certificate with its key: everything about it but its private key is checked and recorded, and the signer
 * makes a transport key in the key store. Asked for again, also after an interruption, it goes on where it was: ids come from what is
 * imported.
 *
 * @throws Refusal `FORBIDDEN`, `CERTIFICATE_FILE_…`, `X509_…`, `PKCS7_MALFORMED`, `ISSUED_…`, `CHAIN_…`,
 *   `IMPORTED_KEY_UNSUPPORTED`, `KEY_DISABLED`, and as the deciders of keys and certificates
 * @throws WorkflowsUnavailable when no signer answers; the transport key is made when one does
 */
export async function importCertificate(
  dependencies: CertificateImporting,
  requester: Requester,
  input: CertificateImport,
): Promise<CertificateImportBegun> {
  const { log, now, certificates, workflows } = dependencies
  const { organizationId } = requester
  const { name, file, keyStore = defaultKeyStore, renews = null, restrictions = unrestricted } = input
  const publicKey = Buffer.from(input.publicKey).toString('base64')

  // 1. What is wrong is refused before anything is recorded.
  const { issued, algorithm, commonName } = certificates.readImported({ file, publicKey, at: now() })
  const { keyId, key } = await importedKey(log, requester, publicKey)
  const newKey = { type: 'RequestKeyImport', keyId, organizationId, name, keyStore, algorithm, publicKey } as const
  const certificateId = idOf<CertificateId>('importedCertificate', keyId, issued.thumbprint)
  const { state } = await loadOwn(log, streams.certificate(certificateId), certificateDecider, requester)
  const request = {
    ...({ kind: 'imported', certificate: issued, subject: { commonName } } as const),
    ...{ certificateId, organizationId, name, keyId, renews, restrictions },
  }
  const renewed =
    renews === null ? null : (await loadOwn(log, streams.certificate(renews), certificateDecider, requester)).state
  const requested = key.status === 'none' ? fold(keyDecider, keyDecider.decide(newKey, key)) : key
  const newCertificate = { type: 'RequestCertificate', request, key: requested, renewed } as const
  if (state.status === 'none') certificateDecider.decide(newCertificate, state)

  // 2. The key is announced, then its certificate.
  if (key.status === 'none') await handleCommand(dependencies, requester, streams.key(keyId), keyDecider, newKey)
  if (state.status === 'none') {
    const stream = streams.certificate(certificateId)
    await handleCommand(dependencies, requester, stream, certificateDecider, newCertificate)
  }

  // 3. The signer makes the transport key. One whose key is there already comes into use.
  const prepared = await workflows.generateKey(keyId)
  const { state: made } = await loadOwn(log, streams.key(keyId), keyDecider, requester)
  const transportKey = made.status === 'requested' ? made.transportKey : null
  const { position } = transportKey === null ? await workflows.issueCertificate(certificateId) : prepared
  return { certificateId, keyId, transportKey, position }
}

/**
 * Brings in the private key of a certificate that is imported, encrypted for its transport key, and has the certificate come into
 * use. The key can be opened in the key store alone.
 *
 * @throws Refusal `FORBIDDEN`, `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_STATE`, `SEALED_KEY_TOO_LARGE`, `KEY_…`, `PKCS11_…`
 * @throws WorkflowsUnavailable when no signer answers in time; the key can be sent again
 */
export async function completeCertificateImport(
  dependencies: Pick<CertificateImporting, 'log' | 'workflows'>,
  requester: Requester,
  { certificateId, sealed }: SentKey,
): Promise<CertificateChanged> {
  const { log, workflows } = dependencies
  const { kind, name, keyId } = await loadCertificate(log, requester, certificateId)
  if (kind !== 'imported')
    throw new Refusal('CERTIFICATE_STATE', `The certificate ${name} was not imported (${kind}); its key is made here.`)
  const size = sealed.wrappedSecret.length + sealed.wrappedKey.length
  if (size > largestSealed)
    throw new Refusal(
      'SEALED_KEY_TOO_LARGE',
      `An encrypted private key has at most ${largestSealed} characters of base64; this one has ${size}.`,
    )
  await workflows.importKey(keyId, sealed)
  return workflows.issueCertificate(certificateId)
}

/** RSA 4096 takes about 4,000. */
const largestSealed = 16_384

/**
 * The key that an import is of. Its id comes from its public key, so that what is imported twice is found.
 *
 * @throws Refusal `KEY_DISABLED`
 */
async function importedKey(
  log: EventLog,
  requester: Requester,
  publicKey: string,
): Promise<{ readonly keyId: KeyId; readonly key: KeyState }> {
  const keyId = idOf<KeyId>('importedKey', requester.organizationId, publicKey)
  const { state: key } = await loadOwn(log, streams.key(keyId), keyDecider, requester)
  if (key.status === 'disabled')
    throw new Refusal('KEY_DISABLED', `This key was imported before, as ${key.name}, and disabled; that is for good.`)
  return { keyId, key }
}

function idOf<Id extends string>(...parts: readonly string[]): Id {
  return uuidFromText(JSON.stringify(parts)) as Id
}
