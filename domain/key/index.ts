export * from './decider.ts'
export * from './events.ts'
export * from './key-store-name.ts'
