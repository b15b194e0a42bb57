export { type KeepRunningOptions, keepRunning } from './keep-running.ts'
export { pause } from './pause.ts'
export { createRetries, type Retries, type RetryOptions, retry } from './retry.ts'
export { isSqliteBusy, sqliteCode } from './sqlite-busy.ts'
