import { createSecretKey, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { issueApiToken } from '../../application/api-tokens.ts'
import { createUser } from '../../application/create-user.ts'
import { mailedTokens } from '../../application/index.ts'
import { displayName, fold, type GlobalRole, streams, userDecider } from '../../domain/index.ts'
import { readWholeStream } from '../../event-log/index.ts'
import {
  followLog,
  type Notification,
  type NotificationStore,
  openSqliteNotificationStore,
} from '../../notifications/index.ts'
import {
  type AfterMail,
  attemptMail,
  type ComposedMail,
  type KeptAnswer,
  type MailAnswer,
  type MailDependencies,
  type MailTransport,
  mailChannel,
} from '../../notifications/mail/index.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { type TestApplication, type TestCaller, testApplication } from './test-application.ts'

/** An organization whose people have addresses, and get mails. */
export type Mailing = {
  readonly test: TestApplication
  readonly store: NotificationStore
  readonly dependencies: MailDependencies
  /** What was handed over, in order. */
  readonly sent: readonly ComposedMail[]
  /** What became of each attempt. */
  readonly answers: readonly KeptAnswer[]
  /** What the transport answers, until it is changed. */
  answer: MailAnswer
  /** Adds a person, whose address is `<name>@example.test`. */
  readonly person: (name: string, ...roles: readonly GlobalRole[]) => Promise<TestCaller>
  /** Has the channel make mails of everything that the log has now, and gives those that wait. */
  readonly collect: () => Promise<readonly Notification[]>
  /** Collects, and makes one attempt for each mail that waits. Gives what follows, and what was handed over. */
  readonly deliver: () => Promise<readonly ComposedMail[]>
  readonly attempt: (notification: Pick<Notification, 'id'>, attempt?: number) => Promise<AfterMail>
}

/** Opens it, until the running test has finished. @param options.transport a folder of its own kind by default */
export async function mailing(
  options: { readonly transport?: MailTransport; readonly mailsInvitations?: boolean } = {},
): Promise<Mailing> {
  const tokens = mailedTokens([createSecretKey(randomBytes(32))], {
    mailsInvitations: options.mailsInvitations ?? true,
  })
  const test = await testApplication({ mailedTokens: tokens })
  const { log } = test.dependencies
  const store = openSqliteNotificationStore(join(temporaryFolder(), 'notifications.db'))
  onTestFinished(() => store.close())
  const sent: ComposedMail[] = []
  const answers: KeptAnswer[] = []
  const state = { answer: { outcome: 'accepted' } as MailAnswer }
  const recording: MailTransport = {
    async send(mail) {
      sent.push(mail)
      return state.answer
    },
    close: () => undefined,
  }
  const now = () => test.clock.now
  const dependencies: MailDependencies = {
    store,
    sources: {
      log,
      async nameOf(_organizationId, userId) {
        const user = fold(userDecider, (await readWholeStream(log, streams.user(userId))).events)
        const [person] = user.status === 'none' ? [] : await test.persons.read([user])
        return displayName(userId, person ?? { status: 'unavailable' })
      },
      plannedFiles: async () => [{ path: ['setup.exe'], sha256: 'ab'.repeat(32) }],
      publicUrl: () => 'https://sign.corp.test',
    },
    read: (people) => test.persons.read(people),
    transport: options.transport ?? recording,
    findInvitationToken: tokens.findInvitation,
    unsubscribeUrl: ({ organizationId, userId }, kind) =>
      `https://sign.corp.test/notifications/unsubscribe/${tokens.unsubscription({ organizationId, userId, kind })}`,
    now,
    onAnswer: (answer) => answers.push(answer),
  }

  async function collect(): Promise<readonly Notification[]> {
    const channel = mailChannel({ log, now, digestHour: 6 })
    const following = followLog({ log, store, now }, channel)
    await following.drain()
    await following.close()
    return await store.startable('mail', 1_000)
  }
  const attempt = ({ id }: Pick<Notification, 'id'>, number = 1) =>
    attemptMail(dependencies, { id, round: 0, attempt: number })

  return Object.assign(state, {
    test,
    store,
    dependencies,
    sent,
    answers,
    async person(name: string, ...roles: readonly GlobalRole[]) {
      const email = `${name.toLowerCase()}@example.test`
      const { userId } = await createUser(test.dependencies, test.setup, { kind: 'interactive', name, email, roles })
      const { tokenId, token } = await issueApiToken(test.dependencies, test.setup, {
        userId,
        name: 'x',
        expiresAt: null,
      })
      return { ...(await test.application.authenticate({ apiToken: token }, '192.0.2.1')), tokenId, token }
    },
    collect,
    async deliver() {
      const before = sent.length
      for (const notification of await collect()) {
        await store.started(notification, now())
        await attempt(notification)
      }
      return sent.slice(before)
    },
    attempt,
  })
}
