import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { ProcessRole } from '../../../domain/index.ts'
import {
  auditLog,
  type EventLog,
  type NewEvent,
  openSqliteEventLog,
  withSignatures,
  withVerification,
} from '../../../event-log/index.ts'
import { type TestInstallation, testInstallation } from '../event-keys.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { newEvent } from './events.ts'

/** A log in a file, as processes with keys of one installation have it. */
export type SignedLog = {
  readonly path: string
  readonly installation: TestInstallation
  /** Without signatures or verification. */
  readonly stored: EventLog
  /** As a process with these roles has it. */
  readonly as: (...roles: readonly ProcessRole[]) => EventLog
  /** As a reader has it that believes only what is signed. */
  readonly verified: EventLog
}

/** Makes one, until the test is finished. */
export function signedLog(): SignedLog {
  const path = join(temporaryFolder(), 'events.db')
  const stored = openSqliteEventLog({ path })
  onTestFinished(() => stored.close())
  const installation = testInstallation()
  return {
    path,
    installation,
    stored,
    as: (...roles) => withSignatures(stored, installation.eventKey(roles.length > 0 ? roles : undefined)),
    verified: withVerification(stored, installation.ring(stored)),
  }
}

/** An event that the key of a worker may sign. */
export const approval = (comment: string): NewEvent => newEvent({ comment }, 'ApprovalGranted')

/** What an audit of its appends gives. */
export function auditOf({ stored, installation }: SignedLog) {
  return auditLog(stored, installation.ring(stored))
}

/** What an audit finds, as kind and place. */
export async function findings(from: SignedLog): Promise<readonly string[]> {
  const { faults } = await auditOf(from)
  return faults.map(({ kind, streamId, revision }) => `${kind} ${streamId} ${revision}`).toSorted()
}

/** What reading an event fails with that nobody of the service signed. */
export const untrusted = { code: 'EVENT_LOG_UNTRUSTED' }
/** What reading an event fails with whose form is none. */
export const corrupt = { code: 'EVENT_LOG_CORRUPT' }
