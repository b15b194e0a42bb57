/** Enrolment over Secure Transport (RFC 7030, as RFC 8951 clarifies it): the side of the client. */
export { createEstClient, type EstClient } from './est-client.ts'
export type { EstServer } from './est-server.ts'
