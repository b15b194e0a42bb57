export * from './append-decided.ts'
export type { AppendAudit } from './audit-appends.ts'
export { auditLog, type LogAuditOptions } from './audit-log.ts'
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
export type { EventStoreDbOptions } from './eventstoredb.ts'
export * from './export/index.ts'
export { followEnds } from './follow-ends.ts'
export { charactersOf, partsOf } from './joined-row.ts'
export { createKeyRing } from './key-ring.ts'
export { deliver, inLogOrder, type LogEntry, readEverything } from './log-entries.ts'
export { openEventStoreDb } from './open-eventstoredb.ts'
export * from './prepare.ts'
export { type KeyRing, processKeyId, statementMessage } from './process-keys.ts'
export { type AppendSigner, withSignatures } from './sign-appends.ts'
export { openSpillingMap, type SpilledForm, type SpillingMap } from './spilling-map.ts'
export { openSqliteEventLog, type SqliteEventLogOptions } from './sqlite.ts'
export { type AnyRow, type AuditableLog, entryOf, type StoredRow } from './stored-row.ts'
export { type StoredForm, StoredText } from './stored-text.ts'
export { openStreamEnds, type StreamEnds, withKnownEnds } from './stream-ends.ts'
export { isFaultOfOneStream } from './stream-fault.ts'
export { type EventContent, type Upcaster, type UpcastStep, upcastingReads, withUpcasters } from './upcast.ts'
export { upcasters } from './upcasters.ts'
export { withVerification } from './verified-log.ts'
export * from './whole-stream.ts'
