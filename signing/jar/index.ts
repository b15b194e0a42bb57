/** Signatures of JAR files. */
export { jarFormat } from './format.ts'
export { jarVerifier } from './judge-jar.ts'
