/** Time-stamps after RFC 3161: asking authorities, being one, and verifying what they say. */
export {
  type AuthorityFailure,
  askAuthority,
  authorityAddress,
  type TimestampDemand,
  type TimestampTransport,
} from './ask-authority.ts'
export { createTimestampToken, type TimestampTokenInput } from './create-token.ts'
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
