export { appVeyor, appVeyorPackageData } from './app-veyor/index.ts'
export { azureDevOps } from './azure-devops/index.ts'
export { type BuildSystemForms, buildSystemForms } from './build-system-forms.ts'
export type * from './connector.ts'
export type { EarlyFinding } from './early-finding.ts'
export { createGitHubConnector } from './github/index.ts'
export { gitLab } from './gitlab/index.ts'
export { createHttpApis, type HttpApis } from './http-api/index.ts'
export type * from './http-api.ts'
export {
  claimsOfText,
  createIdentityTokens,
  createIssuerKeys,
  openPostgresUsedTokens,
  openSqliteUsedTokens,
  type UsedTokens,
  useOnce,
} from './identity-token/index.ts'
export { jenkins } from './jenkins/index.ts'
export { keepNothing } from './keep-nothing.ts'
export { openIdConnect } from './oidc/index.ts'
export * from './origin-error.ts'
export {
  claimConnectors,
  createOrigins,
  type OpenApi,
  type Origins,
  type RegisteredConnector,
  registered,
  type UncheckedQuestion,
} from './registry.ts'
export * from './secret.ts'
export { teamCity } from './team-city/index.ts'
