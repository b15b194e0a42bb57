/** Time-stamps after RFC 3161: asking authorities, being one, and verifying what they say. */
export { askAuthority, type TimestampDemand } from './ask-authority.ts'
export { authorityAddress } from './authority-address.ts'
export { createTimestampToken, type TimestampTokenInput } from './create-token.ts'
export type { AuthorityFailure, TimestampTransport } from './query-authority.ts'
export { createTimestampClient, type TimestampClient, type TimestampClientOptions } from './timestamp-client.ts'
export {
  encodeTimestampRequest,
  type MessageImprint,
  parseTimestampRequest,
  type RequestFault,
  type TimestampRequest,
} from './timestamp-request.ts'
export { encodeGranted, encodeRejection, type FailureInfo, parseTimestampResponse } from './timestamp-response.ts'
export { imprintOf, type VerifiedTimestamp, verifyTimestampToken } from './verify-token.ts'
