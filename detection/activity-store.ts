import type { ActivityProfiles, RecordableFinding } from '../domain/index.ts'
import type { Checkpoint } from '../event-log/index.ts'

/** A finding that is to be appended to the log, under the id that its stream is named by. */
export type StoredFinding = Pick<RecordableFinding, 'event' | 'cause'> & { readonly id: string }

/** What a batch of events brings about. */
export type ActivityStep = {
  /** How far the store must be. */
  readonly after: Checkpoint | undefined
  readonly checkpoint: Checkpoint
  /** Those that have changed. */
  readonly profiles: ActivityProfiles
  readonly findings: readonly StoredFinding[]
}

/**
 * Where detection keeps what is usual for whom, how far in the log it is, and findings until they are in the log. All of it
 * can be made from the log again.
 *
 * Every method fails with `ActivityStoreError`. The database is connected to when it is first used, and again after a failure.
 */
export interface ActivityStore {
  /** The last event that was judged; `undefined` when there was none. */
  checkpoint(): Promise<Checkpoint | undefined>
  /** The profiles with these keys, as far as there are any. */
  load(keys: readonly string[]): Promise<ActivityProfiles>
  /** Keeps what a batch brings about, all or nothing; nothing when another process has moved the checkpoint. */
  save(step: ActivityStep): Promise<'saved' | 'moved'>
  /** Findings that may not be in the log yet, in the order in which they were made; so many at the most. */
  unrecorded(limit: number): Promise<readonly StoredFinding[]>
  /** Forgets a finding that is in the log. */
  recorded(id: string): Promise<void>
  /** Forgets everything, to begin anew. */
  clear(): Promise<void>
  close(): Promise<void>
}
