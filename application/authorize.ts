import {
  dependsOnRelation,
  type GlobalRole,
  type Permission,
  type Relation,
  requirePermission,
} from '../domain/index.ts'
import { isSetup, type Requester } from './caller.ts'

/** The permission that each use case needs, by its name: the guard asks for it before the use case begins. */
export const useCases = {
  submitSigningRequest: 'submitSigningRequest',
  submitFromAppVeyor: 'submitSigningRequest',
  submitBuildArtifact: 'submitSigningRequest',
  signHashes: 'submitSigningRequest',
  resubmitSigningRequest: 'submitSigningRequest',
  canSubmit: 'submitSigningRequest',
  admitUpload: 'submitSigningRequest',
  uploadArtifact: 'submitSigningRequest',
  discardUpload: 'submitSigningRequest',
  admitUnsignedArtifact: 'uploadUnsignedArtifact',
  uploadUnsignedArtifact: 'uploadUnsignedArtifact',
  approveSigningRequest: 'decideSigningRequest',
  approveSigningRequests: 'decideSigningRequest',
  denySigningRequest: 'decideSigningRequest',
  cancelSigningRequest: 'cancelSigningRequest',
  giveGrant: 'giveGrant',
  revokeGrant: 'revokeGrant',
  openArtifact: 'readArtifacts',
  locateSigningRequest: 'readOrganization',
  exportAuditLog: 'readAuditLog',

  createUser: 'administerUsers',
  createCiUser: 'administerUsers',
  inviteUser: 'administerUsers',
  resendInvitation: 'administerUsers',
  revokeInvitation: 'administerUsers',
  deactivateUser: 'administerUsers',
  reactivateUser: 'administerUsers',
  eraseUser: 'administerUsers',
  grantGlobalRole: 'administerUsers',
  withdrawGlobalRole: 'administerUsers',
  issueApiToken: 'administerTokens',
  revokeApiToken: 'administerTokens',
  changeNotificationPreferences: 'chooseNotifications',
  linkBuildActor: 'administerUsers',
  unlinkBuildActor: 'administerUsers',
  createGroup: 'administerUsers',
  describeGroup: 'administerUsers',
  changeGroupMembers: 'administerUsers',
  changeChangeControl: 'administerChangeControl',
  approveChange: 'decideChange',
  rejectChange: 'decideChange',
  createProject: 'administerProjects',
  updateProject: 'administerProjects',
  deactivateProject: 'administerProjects',
  reactivateProject: 'administerProjects',
  createSigningPolicy: 'administerProjects',
  updateSigningPolicy: 'administerProjects',
  deactivateSigningPolicy: 'administerProjects',
  reactivateSigningPolicy: 'administerProjects',
  createArtifactConfiguration: 'administerArtifactConfigurations',
  updateArtifactConfiguration: 'administerArtifactConfigurations',
  describeArtifactConfiguration: 'administerArtifactConfigurations',
  deactivateArtifactConfiguration: 'administerArtifactConfigurations',
  reactivateArtifactConfiguration: 'administerArtifactConfigurations',
  changeDefaultArtifactConfiguration: 'administerArtifactConfigurations',
  validateArtifactConfiguration: 'readOrganization',
  readConfigurationDocument: 'readOrganization',
  readProposedDocument: 'readOrganization',
  createSelfSignedCertificate: 'administerCertificates',
  checkContinuity: 'readOrganization',
  requestCertificate: 'administerCertificates',
  createOpenPgpKey: 'administerCertificates',
  changeKeyExpiry: 'administerCertificates',
  installCertificate: 'administerCertificates',
  importCertificate: 'administerCertificates',
  completeCertificateImport: 'administerCertificates',
  renewCertificate: 'administerCertificates',
  restrictCertificate: 'administerCertificates',
  enableCertificate: 'administerCertificates',
  disableCertificate: 'administerCertificates',
  disableKey: 'administerCertificates',
  changeStatementKey: 'administerCertificates',
  createTrustedBuildSystem: 'administerTrustedBuildSystems',
  updateTrustedBuildSystem: 'administerTrustedBuildSystems',
  rotateTrustedBuildSystemToken: 'administerTrustedBuildSystems',
  disableTrustedBuildSystem: 'administerTrustedBuildSystems',
  enableTrustedBuildSystem: 'administerTrustedBuildSystems',
  linkTrustedBuildSystem: 'administerTrustedBuildSystems',
  changeTrustedBuildSystemLink: 'administerTrustedBuildSystems',
  unlinkTrustedBuildSystem: 'administerTrustedBuildSystems',
  registerProxyKey: 'administerTrustedBuildSystems',
  removeProxyKey: 'administerTrustedBuildSystems',
  createWebHook: 'administerWebHooks',
  updateWebHook: 'administerWebHooks',
  rotateWebHookSecret: 'administerWebHooks',
  disableWebHook: 'administerWebHooks',
  enableWebHook: 'administerWebHooks',
  deleteWebHook: 'administerWebHooks',
  resendWebHookDelivery: 'administerWebHooks',
  webHookDeliveries: 'readWebHookDeliveries',
  webHookDelivery: 'readWebHookDeliveries',
  requestKeyDeletion: 'administerCertificates',
  confirmKeyDeletion: 'administerCertificates',
  withdrawKeyDeletion: 'administerCertificates',
} as const satisfies Readonly<Record<string, Permission>>

/** The name of a use case that somebody asks for whom we know. */
export type UseCase = keyof typeof useCases

/**
 * Refuses who does not have a permission, being all of `to` to the thing that is asked for. The service's own set-up has
 * every one.
 *
 * @throws Refusal `FORBIDDEN`
 */
export function authorize(requester: Requester, permission: Permission, to: readonly Relation[] = []): void {
  if (!isSetup(requester)) requirePermission(requester, permission, to)
}

/**
 * Refuses who may not decide about users with these roles: only a Global Administrator decides about another one.
 *
 * @throws Refusal `FORBIDDEN`
 */
export function authorizeOver(requester: Requester, roles: readonly GlobalRole[]): void {
  if (roles.includes('globalAdministrator')) authorize(requester, 'administerAdministrators')
}

/**
 * Refuses who cannot have the use case's permission, whatever it is asked about. Who may have it for some things passes:
 * the use case knows the thing, and asks again.
 *
 * @throws Refusal `FORBIDDEN`
 */
export function authorizeUseCase(requester: Requester, useCase: UseCase): void {
  const permission = useCases[useCase]
  if (isSetup(requester) || dependsOnRelation(requester, permission)) return
  requirePermission(requester, permission)
}
