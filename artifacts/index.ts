export * from './artifact-error.ts'
export * from './planner/index.ts'
export { openSignerScratch, type SignerScratch } from './signer-scratch.ts'
export * from './store/index.ts'
