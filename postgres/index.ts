export * from './open-pool.ts'
