export * from './artifact-error.ts'
export * from './store/index.ts'
