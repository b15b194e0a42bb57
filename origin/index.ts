export { appVeyorPackageData } from './app-veyor/index.ts'
export { type BuildSystemForms, buildSystemForms } from './build-system-forms.ts'
export type * from './connector.ts'
export { createHttpApis, type HttpApis } from './http-api/index.ts'
export type * from './http-api.ts'
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
