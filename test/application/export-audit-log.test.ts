import { expect, it } from 'vitest'
import { openAuditLogExports } from '../../application/export-audit-log.ts'
import type { Caller } from '../../application/index.ts'
import { Refusal } from '../../domain/index.ts'
import { collect, metadata, newEvent, newStream } from '../support/event-log/events.ts'
import { signedLog } from '../support/event-log/signed-log.ts'

it('ends an export whose caller may not have it any more, and lets the next one begin', async () => {
  const { stored: log } = signedLog()
  const { organizationId } = metadata()
  for (let number = 0; number < 10; number += 1)
    await log.append(newStream(), [newEvent({ text: 'x'.repeat(100_000) })], 'noStream')
  const exportAuditLog = openAuditLogExports({ log, now: () => '2026-05-01T12:00:00.000Z', askAfterMs: 0 })
  const caller = { organizationId } as Caller
  let asked = 0
  const stillAllowed = async () => {
    asked += 1
    if (asked > 3) throw new Refusal('TOKEN_REVOKED', 'The token was revoked.')
  }
  const pieces: Uint8Array[] = []
  const exported = (async () => {
    for await (const piece of await exportAuditLog(caller, { stillAllowed })) pieces.push(piece)
  })()
  await expect(exported).rejects.toMatchObject({ code: 'TOKEN_REVOKED' })
  expect(pieces).toHaveLength(3)
  let whole = 0
  for await (const piece of await exportAuditLog(caller, { stillAllowed: async () => undefined })) whole += piece.length
  expect(whole).toBeGreaterThan(1_000_000)
  expect(await collect(log.readAll())).toHaveLength(10)
})
