/** Enveloped XML signatures (XML Signature 1.1) over exclusive canonical forms, by libxml2. */
export { xmlFormat } from './format.ts'
export { xmlVerifier } from './judge.ts'
