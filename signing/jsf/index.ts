/** Signatures in JSON objects (JSON Signature Format, RFC 8785). */
export { jsonFormat } from './format.ts'
