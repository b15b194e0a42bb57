/** Signatures of NuGet packages. */
export { nugetFormat } from './format.ts'
export { nugetVerifier } from './judge-package.ts'
