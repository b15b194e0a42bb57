/** The authentication proxy: lets build nodes in by their client certificates, and vouches for them at the service. */
export { proxyConfigurationSchema } from './config/schema.ts'
export { ProxyError } from './proxy-error.ts'
export { type AuthenticationProxy, checkProxy, type ProxyOptions, startProxy } from './start.ts'
