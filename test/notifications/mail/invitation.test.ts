import { readdirSync, readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { peopleBehind, streams, type UserId } from '../../../domain/index.ts'
import { readWholeStream } from '../../../event-log/index.ts'
import { emlFolder } from '../../../notifications/mail/index.ts'
import { headersOf, partsOf } from '../../support/mail-server.ts'
import { type Mailing, mailing } from '../../support/mailing.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const ivy = { email: 'ivy@example.test', name: 'Ivy <script>', roles: [] }
const tokenIn = (text: string) => /csi_[0-9a-f]{32}_[0-9A-Za-z]{49}/.exec(text)?.[0] ?? ''

async function behind({ test }: Mailing, userId: UserId) {
  const historyOf = async (id: UserId) => (await readWholeStream(test.dependencies.log, streams.user(id))).events
  return peopleBehind(userId, { kind: 'anonymous' }, historyOf)
}

describe('an invitation that is mailed', () => {
  it('is shown to nobody else, and proves the address when it is accepted', async () => {
    const world = await mailing()
    const ada = await world.person('Ada', 'userAdministrator')
    const { userId, token } = await world.test.application.inviteUser(ada, ivy)
    expect(token).toBeNull()
    const [mail] = await world.deliver()
    expect(mail).toMatchObject({
      to: 'ivy@example.test',
      unsubscribe: null,
      subject: 'Invitation to sign software with Test',
    })
    // Whoever invites chooses nothing that a stranger reads.
    for (const form of [mail?.text, mail?.html]) expect(form).not.toContain('script')
    const invitation = tokenIn(mail?.text ?? '')
    expect(mail?.html).toContain(invitation)
    const { events } = await readWholeStream(world.test.dependencies.log, streams.user(userId))
    expect(JSON.stringify(events, (_, value) => (typeof value === 'bigint' ? `${value}` : value))).not.toContain(
      invitation,
    )

    await world.test.application.acceptInvitation({ invitation, tokenName: 'x' }, undefined)
    expect(await behind(world, userId)).toEqual([])
  })

  it('is sent again with another token, and the one before is dead and not sent any more', async () => {
    const world = await mailing()
    const ada = await world.person('Ada', 'userAdministrator')
    const { userId } = await world.test.application.inviteUser(ada, ivy)
    const [first] = await world.collect()
    await world.test.application.resendInvitation(ada, { userId })
    expect(await world.attempt(first ?? { id: '' })).toMatchObject({ next: 'nothing' })
    expect(await world.deliver()).toHaveLength(1)
    expect(await world.store.find(String(first?.id))).toMatchObject({ status: 'canceled' })
  })

  it.each([
    [
      'revoked',
      (world: Mailing, userId: UserId) => world.test.application.revokeInvitation(world.test.setup, { userId }),
    ],
    [
      'of somebody erased',
      (world: Mailing, userId: UserId) => world.test.application.eraseUser(world.test.setup, { userId }),
    ],
    [
      'expired',
      async (world: Mailing) => {
        world.test.clock.now = '2026-03-16T12:00:00.000Z'
      },
    ],
  ] as const)('is not sent when it is %s', async (_what, happens) => {
    const world = await mailing()
    const { userId } = await world.test.application.inviteUser(world.test.setup, ivy)
    const [waiting] = await world.collect()
    await happens(world, userId)
    await world.attempt(waiting ?? { id: '' })
    expect(world.sent).toEqual([])
  })
})

describe('an invitation where mails are files', () => {
  it('is shown as without mail, and whoever invited counts among the people behind the account', async () => {
    const world = await mailing({ mailsInvitations: false })
    const ada = await world.person('Ada', 'userAdministrator')
    const { userId, token } = await world.test.application.inviteUser(ada, ivy)
    expect(await world.collect()).toEqual([])
    await world.test.application.acceptInvitation({ invitation: String(token), tokenName: 'x' }, undefined)
    expect(await behind(world, userId)).toEqual([ada.userId])
  })
})

describe('a folder of mails', () => {
  it('has each once, readable by its owner alone, in the form that mail programs open', async () => {
    const folder = join(temporaryFolder(), 'mail')
    const world = await mailing({
      transport: emlFolder(folder, { name: 'Countersign', address: 'countersign@localhost' }),
    })
    const { userId } = await world.test.application.inviteUser(world.test.setup, ivy)
    const [waiting] = await world.collect()
    await world.attempt(waiting ?? { id: '' })
    const [name = '', ...others] = readdirSync(folder)
    expect([name, others]).toEqual([`2026-03-01T12-00-00-${waiting?.id}.eml`, []])
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    const message = readFileSync(join(folder, name), 'latin1')
    expect(headersOf(message).get('to')).toBe('ivy@example.test')
    expect(tokenIn(partsOf(message).get('text/plain') ?? '')).toContain(userId.replaceAll('-', ''))
  })

  it('that cannot be written lets mails wait', async () => {
    const blocked = join(temporaryFolder(), 'file')
    const { writeFileSync } = await import('node:fs')
    writeFileSync(blocked, '')
    const transport = emlFolder(join(blocked, 'mail'), { name: 'Countersign', address: 'countersign@localhost' })
    const world = await mailing({ transport })
    await world.test.application.inviteUser(world.test.setup, ivy)
    const [waiting] = await world.collect()
    expect(await world.attempt(waiting ?? { id: '' })).toEqual({ next: 'attempt', pauseMs: 60_000 })
    expect(world.answers).toEqual([{ outcome: 'waits', code: 'MAIL_FOLDER_UNWRITABLE', reply: null }])
  })
})
