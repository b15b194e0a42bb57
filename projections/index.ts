import type { ReadModelDatabase } from './database.ts'
import { createProgress, type Progress } from './progress.ts'
import { readCheckpoint } from './read-checkpoint.ts'
import type { ReadModel } from './read-model.ts'
import { createReadModel } from './sql-read-model.ts'

export { type BrokenStream, readBrokenStreams } from './broken-streams.ts'
export {
  type Comparison,
  compareReadModel,
  type Differences,
  type RunningComparison,
  startComparison,
} from './compare.ts'
export type { Difference } from './compare-events.ts'
export type { ReadModelDatabase } from './database.ts'
export { type EntityKind, entityKinds, type HistoryEntry, readEntityHistory } from './entity-history.ts'
export { asUnusualActivity } from './events.ts'
export type { FieldDifference } from './field-differences.ts'
export { matchesFilter } from './matches-filter.ts'
export * from './numbered-list.ts'
export * from './page.ts'
export { readModelAsOf } from './past-read-model.ts'
export { openPostgresReadModel, type PostgresReadModelOptions } from './postgres.ts'
export type { Progress } from './progress.ts'
export { proposedDifference } from './proposed-difference.ts'
export * from './read-model.ts'
export * from './read-model-error.ts'
export { type RebuildDependencies, type Rebuilt, rebuildReadModel } from './rebuild.ts'
export { type Replay, type ReplayedState, type ReplayOptions, replayLog } from './replay.ts'
export { type Projector, type ProjectorDependencies, type ProjectorStatus, startProjector } from './runner.ts'
export { openSqliteReadModel, type SqliteReadModelOptions } from './sqlite.ts'
export * from './views.ts'

/**
 * Puts a read model over its database. A projector of the same process is given `progress`, so that who waits hears of
 * its work at once; what projectors of other processes do is seen within 20 ms.
 */
export function openReadModel(database: ReadModelDatabase): {
  readonly readModel: ReadModel
  readonly progress: Progress
} {
  const progress = createProgress(async () => (await readCheckpoint(database, 'live'))?.position)
  return { readModel: createReadModel(database, progress), progress }
}
