/** Signatures of NuGet packages. */
export { nugetFormat } from './format.ts'
