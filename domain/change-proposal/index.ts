export * from './control.ts'
export * from './controlled-events.ts'
export * from './decider.ts'
export * from './events.ts'
