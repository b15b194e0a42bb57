import type { NotificationKind } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import {
  administratorAdded,
  certificateExpiry,
  changeProposed,
  type Teller,
  unusualActivity,
} from './administrator-content.ts'
import type { MailSources, Told } from './mail-sources.ts'
import type { EventNotice } from './notice.ts'
import { requestContent } from './request-content.ts'
import { webHookProblem } from './web-hook-content.ts'

/** What says what a mail tells of an event, by its kind. Each kind stands here. */
const tellers: Readonly<Record<NotificationKind, Teller | 'request'>> = {
  requestOutcome: 'request',
  approvalRequested: 'request',
  approvalDecided: 'request',
  changeProposed,
  certificateExpiry,
  administratorAdded,
  unusualActivity,
  webHookProblem,
}

/** What a mail says of an event, as the log has it now; `undefined` when there is nothing to say any more. */
export async function eventContent(sources: MailSources, notice: EventNotice): Promise<Told | undefined> {
  const { kind, streamId, revision } = notice
  const teller = tellers[kind]
  if (teller === 'request') return requestContent(sources, { kind: kind as never, streamId, revision })
  const event = (await readWholeStream(sources.log, streamId)).events[revision]
  return event === undefined ? undefined : teller(sources, event)
}
