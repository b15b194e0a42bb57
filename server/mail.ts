import { createSecretKey, hkdfSync } from 'node:crypto'
import type { Client } from '@temporalio/client'
import type { Logger } from 'pino'
import { mailActivities } from '../activities/index.ts'
import { type MailedTokens, mailedTokens } from '../application/index.ts'
import {
  displayName,
  fold,
  type Instant,
  type OrganizationId,
  type RecordedDocument,
  streams,
  type UserId,
  userDecider,
} from '../domain/index.ts'
import { type EventLog, readWholeStream } from '../event-log/index.ts'
import { followLog, type NotificationStore, startDispatch } from '../notifications/index.ts'
import { type KeptAnswer, type MailSources, mailChannel, type PlannedFileName } from '../notifications/mail/index.ts'
import type { MasterKey, Persons } from '../persons/index.ts'
import { mailTaskQueue } from '../workflows/contract.ts'
import { startMailDelivery } from '../workflows/mail-deliveries.ts'
import type { Settings } from './configuration.ts'
import { followingNotice } from './following-notice.ts'
import { type ConfiguredTransport, configuredTransport } from './mail-transport.ts'
import { readMasterKeys } from './persons.ts'
import { type RunningWorker, runWorker, type TemporalTarget } from './temporal.ts'

/** So many mails are handed over at once by this process: mail servers count connections. */
const mailsAtOnce = 5

/** Sending mail, as it is configured, before anything is sent. */
export type Mail = {
  readonly tokens: MailedTokens
  readonly start: (parts: MailParts) => Promise<RunningMail>
}

/** What sending mails works with. */
export type MailParts = {
  readonly log: EventLog
  readonly store: NotificationStore
  readonly persons: Pick<Persons, 'read'>
  readonly plannedFiles: (plan: RecordedDocument, atMost: number) => Promise<readonly PlannedFileName[]>
  readonly client: Client
  readonly temporal: TemporalTarget
  readonly publicUrl: () => string
  readonly now: () => Instant
  readonly logger: Logger
}

/** Mail at work. */
export type RunningMail = Pick<RunningWorker, 'close'> & {
  /** For readiness: what somebody should see to. A notice, since signing goes on without mail. */
  readonly notice: () => string | undefined
}

/**
 * Mail as the settings say it. Only an api process sends mails: no other can read addresses.
 *
 * @param embedded whether mails go into a folder where no mail server is named
 * @returns `undefined` when no mail is to be sent
 * @throws ConfigurationError `CONFIGURATION_INVALID`, `TLS_FILE_UNUSABLE`, `PERSON_MASTER_KEY_MALFORMED`
 */
export async function openMail(settings: Settings, embedded: boolean): Promise<Mail | undefined> {
  const configured = configuredTransport(settings, embedded)
  if (configured === undefined) return undefined
  const [first, ...others] = await readMasterKeys(settings)
  const tokens = mailedTokens([keyOfMails(first), ...others.map(keyOfMails)], {
    mailsInvitations: configured.reachesPeople,
  })
  return { tokens, start: (parts) => startMail(settings, configured, tokens, parts) }
}

/** The key of what stands in mails, made of a master key of persons (HKDF, RFC 5869), which is thereby of no other use. */
function keyOfMails({ secret }: MasterKey) {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret.export(), '', 'countersign mails 1', 32)))
}

async function startMail(
  { mailDigestHour }: Settings,
  { transport }: ConfiguredTransport,
  tokens: MailedTokens,
  parts: MailParts,
): Promise<RunningMail> {
  const { log, store, persons, client, temporal, publicUrl, now } = parts
  const logger = parts.logger.child({ part: 'mail' })
  const trouble = troubleOf(logger)
  const sources: MailSources = { log, nameOf: nameIn(log, persons), plannedFiles: parts.plannedFiles, publicUrl }
  const worker = await runWorker(
    temporal,
    {
      taskQueue: mailTaskQueue,
      activities: {
        ...mailActivities({
          store,
          sources,
          read: (people) => persons.read(people),
          transport,
          findInvitationToken: tokens.findInvitation,
          unsubscribeUrl: ({ organizationId, userId }, kind) =>
            `${publicUrl()}/notifications/unsubscribe/${tokens.unsubscription({ organizationId, userId, kind })}`,
          now,
          onAnswer: trouble.see,
        }),
      },
      maxConcurrentActivityTaskExecutions: mailsAtOnce,
    },
    logger,
  )
  const dispatch = startDispatch({
    store,
    start: { mail: ({ id, round }) => startMailDelivery(client, id, round) },
    now,
    onError: (error) => logger.error({ err: error }, 'mails that wait cannot be sent now'),
  })
  const channel = mailChannel({
    log,
    now,
    digestHour: mailDigestHour,
    onPassedOver: ({ streamId, revision }, error) =>
      logger.error({ err: error, streamId, revision }, 'nobody is told of an event by mail: its stream is damaged'),
  })
  const following = followLog(
    {
      log,
      store,
      now,
      onStatus(status) {
        if (status.state === 'waiting' || status.state === 'failed') logger.error(status, 'no mails are made now')
      },
      onCollected: dispatch.look,
    },
    channel,
  )
  return {
    notice() {
      const what = { standsStill: 'No mails are made now', isLate: 'Mail has been' }
      return followingNotice(following, what) ?? worker.problem() ?? trouble.notice()
    },
    async close() {
      await following.close()
      await dispatch.close()
      await worker.close()
      transport.close()
    },
  }
}

/** What people are shown for a user: read where it is needed, each time anew. */
function nameIn(log: EventLog, persons: Pick<Persons, 'read'>): MailSources['nameOf'] {
  return async (organizationId: OrganizationId, userId: UserId) => {
    const user = fold(userDecider, (await readWholeStream(log, streams.user(userId))).events)
    if (user.status === 'none' || user.organizationId !== organizationId) return `user ${userId}`
    const [person] = await persons.read([user])
    return displayName(userId, person ?? { status: 'unavailable' })
  }
}

/** What is wrong with mails now, and which were refused for good: for the log, and for readiness. */
function troubleOf(logger: Logger) {
  let waitsFor: KeptAnswer | undefined
  let refused = 0
  return {
    see(answer: KeptAnswer, { id, attempt }: { readonly id: string; readonly attempt: number }): void {
      const { outcome } = answer
      if (outcome === 'accepted') waitsFor = undefined
      if (outcome === 'waits') {
        if (waitsFor === undefined) logger.warn({ mail: id, attempt, ...answer }, 'a mail waits')
        // One receiver's greylisting is no trouble of ours.
        if (answer.code !== 'MAIL_DEFERRED') waitsFor = answer
      }
      if (outcome === 'refused') {
        refused += 1
        logger.error({ mail: id, attempt, ...answer }, 'a mail was refused for good')
      }
    },
    notice(): string | undefined {
      if (waitsFor?.outcome === 'waits')
        return `Mails wait: ${waitsFor.code}${waitsFor.reply === null ? '' : ` (${waitsFor.reply})`}.`
      return refused === 0
        ? undefined
        : `MAIL_REFUSED: ${refused} mails were refused for good since the start; the log says which.`
    },
  }
}
