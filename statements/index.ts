/** Signed statements about what was signed and built: in-toto statements in DSSE envelopes and sigstore bundles. */

export type { Envelope } from '../signing/dsse/envelope.ts'
export { bundleDocument, bundleMediaType, readBundle } from './bundle.ts'
export { inTotoPayloadType, readEnvelope } from './envelope.ts'
export * from './provenance.ts'
export { envelopeDocument, signStatement } from './sign-statement.ts'
export { readStatement, type Statement, type Subject, statementType } from './statement.ts'
export { StatementError } from './statement-error.ts'
export { statementKey } from './statement-key.ts'
export * from './verification-summary.ts'
export { type SignatureDemand, type VerifiedPayload, verifyEnvelope, verifyReadEnvelope } from './verify-envelope.ts'
export { type ExpectedProvenance, verifyProvenance } from './verify-provenance.ts'
