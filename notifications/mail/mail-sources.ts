import {
  type Decider,
  type DomainEvent,
  fold,
  type OrganizationId,
  type ProjectId,
  projectDecider,
  type RecordedDocument,
  type SigningPolicyId,
  signingPolicyDecider,
  streams,
  type UserId,
} from '../../domain/index.ts'
import { type EventLog, readWholeStream } from '../../event-log/index.ts'
import type { MailContent } from './mail-content.ts'

/** A file that a plan signs, and what it is before. */
export type PlannedFileName = { readonly path: readonly string[]; readonly sha256: string }

/** Where mails read what they say. */
export type MailSources = {
  readonly log: Pick<EventLog, 'readStream'>
  /** What people are shown for a user, whether the name can be read or not. */
  readonly nameOf: (organizationId: OrganizationId, userId: UserId) => Promise<string>
  /** The first files that a plan signs; fails while the artifact store is away. */
  readonly plannedFiles: (plan: RecordedDocument, atMost: number) => Promise<readonly PlannedFileName[]>
  /** Where the service is reached, without a slash at the end; of the configuration, never of a request. */
  readonly publicUrl: () => string
}

/** What a mail says, and what it belongs to. */
export type Told = {
  readonly content: MailContent
  /** What the mails of one thread have in common. */
  readonly thread: string
}

/** An aggregate as the log has it now. */
export async function stateOf<State, Command, Event extends DomainEvent>(
  { log }: Pick<MailSources, 'log'>,
  streamId: string,
  decider: Decider<State, Command, Event>,
): Promise<State> {
  return fold(decider, (await readWholeStream(log, streamId)).events)
}

/** What people call a policy: `<project>/<policy>`, by their slugs. */
export async function policyName(
  sources: Pick<MailSources, 'log'>,
  projectId: ProjectId,
  signingPolicyId: SigningPolicyId,
): Promise<string> {
  const [project, policy] = await Promise.all([
    stateOf(sources, streams.project(projectId), projectDecider),
    stateOf(sources, streams.signingPolicy(signingPolicyId), signingPolicyDecider),
  ])
  const slugOf = (state: typeof project | typeof policy, id: string) => (state.status === 'none' ? id : state.slug)
  return `${slugOf(project, projectId)}/${slugOf(policy, signingPolicyId)}`
}
