export * from './event-log.ts'
export * from './prepare.ts'
export * from './whole-stream.ts'
