import { collectArtifacts, type NamingLog } from '../../artifacts/index.ts'
import type { Sha256Digest } from '../../domain/index.ts'

const [, , path = ''] = process.argv

/** What the parent has named so far. */
function namedByParent(): Promise<readonly Sha256Digest[]> {
  return new Promise((resolve) => {
    process.once('message', (names) => resolve(names as readonly Sha256Digest[]))
    process.send?.('names')
  })
}

const log: NamingLog = {
  async *after(position, maxCount) {
    const first = { position: '0', eventId: 'first', digests: [] }
    if (maxCount !== undefined) yield [first]
    else yield [{ ...first, digests: [...(await namedByParent())] }]
    void position
  },
}

process.on('disconnect', () => process.exit())
for (;;) {
  const collected = await collectArtifacts({
    path,
    log,
    uploads: { named: async () => new Set() },
    now: Date.now,
    holdMs: 60_000,
    trashMs: 5_000,
  })
  process.send?.(collected?.thrownAway ?? 0)
  await new Promise((resolve) => setTimeout(resolve, 5))
}
