export * from './failure-code.ts'
export * from './postgres-pool.ts'
export * from './postgres-store.ts'
export * from './sqlite-store.ts'
