// Adds the histories of test/support/event-examples/histories.ts that are not among the stored examples yet. What is stored
// stays as it is. The keys that sign are thrown away afterwards: only their public halves are kept.
import { createPublicKey } from 'node:crypto'
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openFolderStore } from '../artifacts/index.ts'
import { eventMetadata, processRoles } from '../domain/index.ts'
import { openSqliteEventLog, prepareEvents, withSignatures } from '../event-log/index.ts'
import { type InstallationKey, newEventKey, newInstallationKey, parseEventKey } from '../server/event-keys.ts'
import { storeExampleDocuments } from '../test/support/event-examples/documents.ts'
import { at, id } from '../test/support/event-examples/facts.ts'
import { eventHistories } from '../test/support/event-examples/histories.ts'
import type { EventHistory } from '../test/support/event-examples/request-histories.ts'
import {
  examplesFolder,
  logOfExamples,
  readExamples,
  type StoredExample,
  storedExamples,
} from '../test/support/event-examples/stored.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
try {
  await addExamples()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function addExamples(): Promise<void> {
  const known = storedExamples()
  const isKnown = new Set(known.map(({ streamId }) => streamId))
  const store = await openFolderStore({ path: join(folder, 'artifacts'), maximumSize: 10_000_000 })
  const documents = await storeExampleDocuments(store, folder)
  const histories = eventHistories(documents).filter(({ streamId }) => !isKnown.has(streamId))
  if (histories.length === 0) return console.log('Every history is among the stored examples.')
  const installation = newInstallationKey()
  const added = await written(histories, installation)
  mkdirSync(examplesFolder, { recursive: true })
  appendFileSync(join(examplesFolder, 'events.jsonl'), added.map((each) => `${JSON.stringify(each)}\n`).join(''))
  appendFileSync(join(examplesFolder, 'installation-keys.pem'), installation.publicKeyPem)
  if (known.length === 0)
    for (const name of ['plan', 'manifest'] as const) {
      const chunks: Uint8Array[] = []
      for await (const chunk of (await store.open(documents[name].document)).read()) chunks.push(chunk)
      writeFileSync(join(examplesFolder, `${name}.jsonl`), Buffer.concat(chunks))
    }
  await store.close()

  const log = await logOfExamples(join(folder, 'all.db'), [...known, ...added])
  const read = await readExamples(log, new Set(added.map(({ streamId }) => streamId)))
  await log.close()
  const states = Object.entries(read).map((each) => `${JSON.stringify(each)}\n`)
  appendFileSync(join(examplesFolder, 'states.jsonl'), states.join(''))
  console.log(`Added ${added.length} events of ${histories.length} histories.`)
}

/** What a log stores of histories, in its order. */
async function written(
  histories: readonly EventHistory[],
  { privateKey, publicKeyPem }: InstallationKey,
): Promise<readonly StoredExample[]> {
  const path = join(folder, 'log.db')
  const key = parseEventKey(newEventKey(privateKey, processRoles, at), [createPublicKey(publicKeyPem)])
  const log = withSignatures(openSqliteEventLog({ path }), key)
  async function append({ streamId, events }: EventHistory): Promise<void> {
    for (let next = 0; next < events.length; ) {
      const [, actor] = events[next] as EventHistory['events'][number]
      const end = events.findIndex(([, by], index) => index > next && by !== actor)
      const together = events.slice(next, end === -1 ? undefined : end).map(([event]) => event)
      const expected = next === 0 ? 'noStream' : next - 1
      const initiator = { actor, remoteAddress: '192.0.2.1', callId: `call ${next}` }
      const metadata = eventMetadata(initiator, { organizationId: id.organization, occurredAt: at })
      await log.append(streamId, prepareEvents(streamId, expected, together, metadata), expected)
      next += together.length
    }
  }
  // At the same moment, so that appends share signatures as they do in a service that is busy.
  await Promise.all(histories.map(append))
  await log.close()
  const database = new DatabaseSync(path, { readOnly: true })
  const rows = database
    .prepare('SELECT stream_id AS streamId, revision, id, type, data, metadata FROM events ORDER BY position')
    .all()
  database.close()
  return rows as unknown as readonly StoredExample[]
}
