import { type KeyId, streams } from '../domain/index.ts'
import type { Caller, Requester } from './caller.ts'
import {
  type CertificateChanged,
  type CertificateInstallation,
  type CertificateSwitch,
  changeKeyExpiry,
  installCertificate,
  type KeyExpiryChange,
  type NamedCertificate,
  type RestrictionsChange,
  renewCertificate,
  restrictCertificate,
  switchCertificate,
} from './certificates.ts'
import {
  type AuthorityCertificateInput,
  type CreatedCertificate,
  createOpenPgpKey,
  createSelfSignedCertificate,
  disableKey,
  type OpenPgpKeyInput,
  requestCertificate,
  type SelfSignedCertificateInput,
} from './create-certificate.ts'
import {
  confirmKeyDeletion,
  type KeyDeletionConfirmation,
  type KeyDeletionInput,
  requestKeyDeletion,
  withdrawKeyDeletion,
} from './delete-key.ts'
import type { ChangeCall } from './guard.ts'
import type { Handled } from './handle-command.ts'
import {
  type CertificateImport,
  type CertificateImportBegun,
  completeCertificateImport,
  importCertificate,
  type SentKey,
} from './import-certificate.ts'
import type { ApplicationDependencies } from './ports.ts'

/** The use cases that change certificates and keys. Errors as of `Administration`. */
export interface CertificateAdministration {
  /** Has a self-signed certificate made, and its key. @throws Refusal `FORBIDDEN`, and as the deciders */
  createSelfSignedCertificate(requester: Requester, input: SelfSignedCertificateInput): Promise<CreatedCertificate>

  /** Has the request for a certificate of an authority made, and its key. @throws Refusal as the deciders */
  requestCertificate(requester: Requester, input: AuthorityCertificateInput): Promise<CreatedCertificate>

  /** Has an OpenPGP key made, and certify itself. @throws Refusal `FORBIDDEN`, and as the deciders */
  createOpenPgpKey(requester: Requester, input: OpenPgpKeyInput): Promise<CreatedCertificate>

  /** Has an OpenPGP key end at another moment. @throws Refusal `CERTIFICATE_VALIDITY`, `CERTIFICATE_STATE`, … */
  changeKeyExpiry(requester: Requester, input: KeyExpiryChange): Promise<CertificateChanged>

  /** Installs what an authority issued. @throws Refusal `CERTIFICATE_…`, `ISSUED_…`, `CHAIN_…`, `X509_…`, … */
  installCertificate(requester: Requester, input: CertificateInstallation): Promise<CertificateChanged>

  /** Begins to import a certificate with its key. @throws Refusal `ISSUED_…`, `CHAIN_…`, `KEY_DISABLED`, … */
  importCertificate(requester: Requester, input: CertificateImport): Promise<CertificateImportBegun>

  /** Brings in the key of a certificate that is imported. @throws Refusal `CERTIFICATE_STATE`, `KEY_…`, `PKCS11_…` */
  completeCertificateImport(requester: Requester, input: SentKey): Promise<CertificateChanged>

  /** Has the next certificate of the same names and key made, or asked for. @throws Refusal as its decider */
  renewCertificate(requester: Requester, input: NamedCertificate): Promise<CertificateChanged>

  /** Changes what policies that use a certificate must demand. @throws Refusal `CERTIFICATE_RESTRICTIONS_…` */
  restrictCertificate(requester: Requester, input: RestrictionsChange): Promise<CertificateChanged>

  /** Enables a certificate that was disabled. @throws Refusal `CERTIFICATE_ENABLED`, `CERTIFICATE_NOT_ISSUED` */
  enableCertificate(requester: Requester, input: CertificateSwitch): Promise<CertificateChanged>

  /** Disables a certificate. @throws Refusal `FORBIDDEN`, `CERTIFICATE_NOT_FOUND`, `CERTIFICATE_DISABLED` */
  disableCertificate(requester: Requester, input: CertificateSwitch): Promise<CertificateChanged>

  /** Disables a key. @throws Refusal `FORBIDDEN`, `KEY_NOT_FOUND`, `KEY_DISABLED` */
  disableKey(requester: Requester, input: KeyDeletionInput): Promise<Handled>

  /** Asks for the destruction of a key. @throws Refusal `KEY_IN_USE`, `KEY_UNDER_DELETION`, `KEY_DESTROYED` */
  requestKeyDeletion(caller: Caller, input: KeyDeletionInput): Promise<Handled>

  /** Confirms it, as another person. @throws Refusal `KEY_DELETION_…`, `KEY_LABEL_MISMATCH`, `KEY_IN_USE` */
  confirmKeyDeletion(caller: Caller, input: KeyDeletionConfirmation): Promise<Handled>

  /** Keeps the key after all. @throws Refusal `KEY_DELETION_NOT_REQUESTED`, `KEY_UNDER_DELETION` */
  withdrawKeyDeletion(caller: Caller, input: KeyDeletionInput): Promise<Handled>
}

/** What they need of the world. */
export type CertificateAdministrationDependencies = Pick<ApplicationDependencies, 'log' | 'now' | 'certificates'> & {
  readonly workflows: Pick<
    ApplicationDependencies['workflows'],
    'generateKey' | 'importKey' | 'issueCertificate' | 'enrolCertificate'
  >
}

/** Puts them together, each behind the guard. */
export function createCertificateAdministration(
  dependencies: CertificateAdministrationDependencies,
  change: ChangeCall,
): CertificateAdministration {
  const stream = ({ certificateId }: NamedCertificate) => streams.certificate(certificateId)
  const keyStream = ({ keyId }: { readonly keyId: KeyId }) => streams.key(keyId)
  return {
    createSelfSignedCertificate: (requester, input) =>
      change('createSelfSignedCertificate', requester, undefined, () =>
        createSelfSignedCertificate(dependencies, requester, input),
      ),
    requestCertificate: (requester, input) =>
      change('requestCertificate', requester, undefined, () => requestCertificate(dependencies, requester, input)),
    createOpenPgpKey: (requester, input) =>
      change('createOpenPgpKey', requester, undefined, () => createOpenPgpKey(dependencies, requester, input)),
    changeKeyExpiry: (requester, input) =>
      change('changeKeyExpiry', requester, stream(input), () => changeKeyExpiry(dependencies, requester, input)),
    installCertificate: (requester, input) =>
      change('installCertificate', requester, stream(input), () => installCertificate(dependencies, requester, input)),
    importCertificate: (requester, input) =>
      change('importCertificate', requester, undefined, () => importCertificate(dependencies, requester, input)),
    completeCertificateImport: (requester, input) =>
      change('completeCertificateImport', requester, stream(input), () =>
        completeCertificateImport(dependencies, requester, input),
      ),
    renewCertificate: (requester, input) =>
      change('renewCertificate', requester, stream(input), () => renewCertificate(dependencies, requester, input)),
    restrictCertificate: (requester, input) =>
      change('restrictCertificate', requester, stream(input), () =>
        restrictCertificate(dependencies, requester, input),
      ),
    enableCertificate: (requester, input) =>
      change('enableCertificate', requester, stream(input), () =>
        switchCertificate(dependencies, requester, input, 'EnableCertificate'),
      ),
    disableCertificate: (requester, input) =>
      change('disableCertificate', requester, stream(input), () =>
        switchCertificate(dependencies, requester, input, 'DisableCertificate'),
      ),
    disableKey: (requester, input) =>
      change('disableKey', requester, keyStream(input), () => disableKey(dependencies, requester, input)),
    requestKeyDeletion: (caller, input) =>
      change('requestKeyDeletion', caller, keyStream(input), () => requestKeyDeletion(dependencies, caller, input)),
    confirmKeyDeletion: (caller, input) =>
      change('confirmKeyDeletion', caller, keyStream(input), () => confirmKeyDeletion(dependencies, caller, input)),
    withdrawKeyDeletion: (caller, input) =>
      change('withdrawKeyDeletion', caller, keyStream(input), () => withdrawKeyDeletion(dependencies, caller, input)),
  }
}
