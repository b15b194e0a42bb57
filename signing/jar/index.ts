/** Signatures of JAR files. */
export { jarFormat } from './format.ts'
