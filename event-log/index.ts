export * from './append-decided.ts'
export { type AppendAudit, type AuditedLog, auditAppends } from './audit-appends.ts'
export { auditStreams, type ComparedLog } from './audit-streams.ts'
export type { LogFault } from './check-appends.ts'
export {
  type Checkpoint,
  type ConsumerBatch,
  type ConsumerFailure,
  type ConsumerSession,
  type ConsumerStatus,
  holdsCheckpoint,
  type LogConsumer,
  type RunningConsumer,
  startConsumer,
} from './consumer.ts'
export * from './event-log.ts'
export { type EventStoreDbOptions, openEventStoreDb } from './eventstoredb.ts'
export * from './export/index.ts'
export { followEnds } from './follow-ends.ts'
export { createKeyRing } from './key-ring.ts'
export { inLogOrder, type LogEntry, readEverything } from './log-entries.ts'
export * from './prepare.ts'
export { type KeyRing, processKeyId, statementMessage } from './process-keys.ts'
export { type AppendSigner, withSignatures } from './sign-appends.ts'
export { openSpillingMap, type SpillingMap } from './spilling-map.ts'
export { openSqliteEventLog, type SqliteEventLogOptions } from './sqlite.ts'
export { type StoredForm, StoredText } from './stored-text.ts'
export { openStreamEnds, type StreamEnds, withKnownEnds } from './stream-ends.ts'
export { type EventContent, type Upcaster, type UpcastStep, withUpcasters } from './upcast.ts'
export { upcasters } from './upcasters.ts'
export { withVerification } from './verified-log.ts'
export * from './whole-stream.ts'
