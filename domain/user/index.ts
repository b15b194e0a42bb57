export * from './decider.ts'
export * from './events.ts'
export * from './state.ts'
export * from './usable-token.ts'
