export * from './decider.ts'
export * from './events.ts'
export * from './origin-verification.ts'
export * from './settings.ts'
