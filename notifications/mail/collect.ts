import { type Instant, type OrganizationId, preferencesOf, type User, type UserId } from '../../domain/index.ts'
import {
  type EventLog,
  EventLogError,
  isFaultOfOneStream,
  type RecordedEvent,
  uuidFromText,
} from '../../event-log/index.ts'
import type { ChannelOfLog, CollectContext, Collected } from '../follow-log.ts'
import type { NewNotification } from '../notification-store.ts'
import { NotificationStoreError } from '../notification-store-error.ts'
import { digestDueAfter } from './digest-time.ts'
import { type FollowingDirectory, followingDirectory } from './directory.ts'
import { type DigestEvents, type EventNotice, type MailNotice, noticeText } from './notice.ts'
import { noticeFor, whoIsTold } from './who-is-told.ts'

/** So many mails an hour somebody gets at once; what is more comes in the day's mail. */
const mostAnHour = 60
/** So many events a digest names; of others it says how many. */
const mostOfDigest = 100

/** What mail needs to follow the log. */
export type MailChannelDependencies = {
  readonly log: Pick<EventLog, 'readStream'>
  readonly now: () => Instant
  /** The hour (UTC) at which daily mails are sent. */
  readonly digestHour: number
  /** Called with an event that cannot be judged, since it is not of the form that its type has: it is passed over. */
  readonly onPassedOver?: (event: Pick<RecordedEvent, 'streamId' | 'revision'>, error: unknown) => void
}

/** E-mail as a channel: says for each event who gets a mail, at once or with the day's others. */
export function mailChannel(dependencies: MailChannelDependencies): ChannelOfLog {
  const { log, onPassedOver } = dependencies
  let memory: Memory | undefined
  const directory = followingDirectory(log, async (organizationId) => (await memory?.holders(organizationId)) ?? [])

  return {
    channel: 'mail',
    async collect(entries, context) {
      memory = memoryOf(context)
      const collection = new Collection(dependencies, memory, directory)
      for (const entry of entries) {
        if ('reason' in entry) continue
        directory.see(entry)
        await memory.learn(entry)
        if (entry.metadata.occurredAt < context.tellFrom) continue
        try {
          await collection.tell(entry)
        } catch (error) {
          // Log or store are away: the part comes again. What else is wrong is wrong with this event alone.
          if (isAway(error)) throw error
          onPassedOver?.(entry, error)
        }
      }
      return { notifications: collection.notifications, remembered: memory.remembered, again: [] }
    },
  }
}

/** What comes of one part of the log. */
class Collection {
  /** By their ids. */
  readonly #notifications = new Map<string, NewNotification>()
  readonly #dependencies: MailChannelDependencies
  readonly #memory: Memory
  readonly #directory: FollowingDirectory

  constructor(dependencies: MailChannelDependencies, memory: Memory, directory: FollowingDirectory) {
    this.#dependencies = dependencies
    this.#memory = memory
    this.#directory = directory
  }

  get notifications(): readonly NewNotification[] {
    return [...this.#notifications.values()]
  }

  async tell(event: RecordedEvent): Promise<void> {
    if (event.type === 'InvitationIssued') return this.#invite(event)
    for (const { kind, recipients } of await whoIsTold(event, this.#directory))
      for (const userId of recipients) {
        const user = await this.#directory.user(userId)
        if (user === undefined || !isReachable(user, event.metadata.organizationId)) continue
        const delivery = preferencesOf(user.notificationPreferences)[kind]
        if (delivery === 'never') continue
        const notice = noticeFor(event, kind)
        if (delivery === 'immediately' && (await this.#mayHaveMore(userId))) this.#mail(event, user, notice)
        else await this.#collectFor(user, notice)
      }
  }

  #mail({ id }: RecordedEvent, { userId, organizationId }: User, notice: EventNotice): void {
    this.#put(`${id} ${notice.kind} ${userId}`, organizationId, { recipient: userId, about: 'event', ...notice })
  }

  async #invite({ data, id, streamId, metadata }: RecordedEvent): Promise<void> {
    if (data.delivery !== 'mailed') return
    const recipient = streamId.slice('user-'.length) as UserId
    const invitationId = data.invitationId as (MailNotice & { about: 'invitation' })['invitationId']
    this.#put(`${id} invitation`, metadata.organizationId, { recipient, about: 'invitation', invitationId })
  }

  async #collectFor({ userId, organizationId }: User, notice: EventNotice): Promise<void> {
    const dueAt = digestDueAfter(this.#dependencies.now(), this.#dependencies.digestHour)
    const period = dueAt.slice(0, 10)
    // A week of keys for each user, used in turn: what was sent is forgotten without anybody having to forget it.
    const key = `digest ${userId} ${new Date(dueAt).getUTCDay()}`
    const kept = await this.#memory.read<DigestEvents>(key)
    const before = kept?.period === period ? kept : { period, events: [], further: 0 }
    const { events, further } = before
    const isFull = events.length >= mostOfDigest
    this.#memory.write<DigestEvents>(key, {
      period,
      events: isFull ? events : [...events, notice],
      further: isFull ? further + 1 : further,
    })
    this.#put(`digest ${userId} ${period}`, organizationId, { recipient: userId, about: 'digest', key, period, dueAt })
  }

  /** Counts a mail that somebody is to get at once. */
  async #mayHaveMore(userId: UserId): Promise<boolean> {
    const key = `sent ${userId}`
    const hour = this.#dependencies.now().slice(0, 13)
    const kept = await this.#memory.read<{ readonly hour: string; readonly mails: number }>(key)
    const mails = (kept?.hour === hour ? kept.mails : 0) + 1
    this.#memory.write(key, { hour, mails })
    return mails <= mostAnHour
  }

  #put(identity: string, organizationId: OrganizationId, notice: MailNotice): void {
    const id = uuidFromText(`mail ${identity}`)
    if (this.#notifications.has(id)) return
    const createdAt = this.#dependencies.now()
    // A lane for each receiver: one whose server defers everything delays nobody else.
    const lane = `mail ${notice.recipient}`
    this.#notifications.set(id, { id, organizationId, lane, content: noticeText(notice), createdAt })
  }
}

function isAway(error: unknown): boolean {
  if (error instanceof NotificationStoreError) return true
  return error instanceof EventLogError && !isFaultOfOneStream(error)
}

/** Whether somebody can be told of anything: who cannot act is not. */
export function isReachable({ kind, status, erased, email, organizationId }: User, of: OrganizationId): boolean {
  return kind === 'interactive' && status === 'active' && !erased && email !== null && organizationId === of
}

/** What the channel remembers, with what the part at hand changes of it. */
type Memory = {
  readonly remembered: Map<string, string>
  readonly read: <Value>(key: string) => Promise<Value | undefined>
  readonly write: <Value>(key: string, value: Value) => void
  /** Everybody who ever was given a global role. */
  readonly holders: (organizationId: OrganizationId) => Promise<readonly UserId[]>
  readonly learn: (event: RecordedEvent) => Promise<void>
}

function memoryOf({ recall }: Pick<CollectContext, 'recall'>): Memory {
  const remembered: Collected['remembered'] & Map<string, string> = new Map()
  const known = new Map<string, string | undefined>()
  const memory: Memory = {
    remembered,
    async read(key) {
      if (!known.has(key)) known.set(key, (await recall([key])).get(key))
      const text = known.get(key)
      return text === undefined ? undefined : JSON.parse(text)
    },
    write(key, value) {
      const text = JSON.stringify(value)
      known.set(key, text)
      remembered.set(key, text)
    },
    holders: async (organizationId) => (await memory.read<readonly UserId[]>(`holders ${organizationId}`)) ?? [],
    async learn({ type, streamId, metadata: { organizationId } }) {
      if (type !== 'GlobalRoleGranted' && type !== 'AdministratorAppointed') return
      const userId = streamId.slice('user-'.length) as UserId
      const holders = await memory.holders(organizationId)
      if (!holders.includes(userId)) memory.write(`holders ${organizationId}`, [...holders, userId])
    },
  }
  return memory
}
