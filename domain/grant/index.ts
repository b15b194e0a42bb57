export * from './coverage.ts'
export * from './decider.ts'
export * from './events.ts'
export * from './list.ts'
