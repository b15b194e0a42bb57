export { bearerTokens } from './bearer.ts'
export { type CallCredentials, callCredentials, namedOrganization } from './call-credentials.ts'
export { isAddressRange } from './client.ts'
export { formatDigest, parseContentDigest, requireAnnouncedBody } from './content-digest.ts'
export { type FaultLog, guarded } from './guarded.ts'
export {
  defaultHttpLimits,
  type HttpLimits,
  type HttpServer,
  type HttpServerOptions,
  inviteBody,
  openHttpServer,
} from './http-server.ts'
export type { Route, RouteAccess } from './route-access.ts'
export type { ServerTls, TlsIdentity } from './server-tls.ts'
export type { UpgradeHandler } from './upgrades.ts'
export { leavingCalls, type WaitingCalls } from './waiting-calls.ts'
