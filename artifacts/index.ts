export * from './artifact-error.ts'
export * from './planner/index.ts'
export * from './store/index.ts'
