import { type OrganizationId, type RefusalCount, type RefusalEvent, refusalFacts, streams } from '../../domain/index.ts'
import { type RecordedEvent, readWholeStream } from '../../event-log/index.ts'
import type { EmbeddedOrganization } from './embedded-organization.ts'

/** What somebody tried and was refused. */
export type RefusedAttempt = {
  readonly command: string
  readonly code: string
  readonly subject: string | null
  /** The user; `null` when none is known. */
  readonly by: string | null
}

/** What stands in the organization's security stream. */
export async function recordedRefusals(organization: EmbeddedOrganization): Promise<readonly RecordedEvent[]> {
  const organizationId = organization.credentials.organizationId as OrganizationId
  const days = [new Date(Date.now() - 86_400_000), new Date()]
  const recorded = days.map((day) =>
    readWholeStream(organization.log, streams.security(organizationId, day.toISOString())),
  )
  return (await Promise.all(recorded)).flatMap(({ events }) => events)
}

/** Refusals of one kind, as an event counts them. */
export type RecordedKind = Omit<RefusalCount, 'remoteAddress'> & { readonly subject: string | null }

/** The kinds of refusals that an event stands for. */
export function kindsOf({ type, data, metadata: { actor } }: RecordedEvent): readonly RecordedKind[] {
  const { code, commands, subject, count, kinds } = refusalFacts({ type, data } as unknown as RefusalEvent)
  return code === null ? kinds.map((kind) => ({ ...kind, subject: null })) : [{ actor, code, commands, subject, count }]
}

/** What one source is refused with one code is one kind, whatever it asked for. */
export function isOfTheSame(
  { code, by }: RefusedAttempt,
  kind: RecordedKind,
  organization: EmbeddedOrganization,
): boolean {
  const userId = by === null ? undefined : organization.credentials.users[by]?.userId
  const { actor } = kind
  return (
    kind.code === code &&
    (userId === undefined ? actor.kind !== 'user' : actor.kind === 'user' && actor.userId === userId)
  )
}

/** Whether the event may stand for this attempt. */
export function isRecordOf({ command, subject }: RefusedAttempt, kind: RecordedKind): boolean {
  return kind.commands.includes(command) && (kind.subject === subject || (kind.subject === null && kind.count > 1))
}
