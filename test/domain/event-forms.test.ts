import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { allEntries, openFolderStore, openManifest, openPlan } from '../../artifacts/index.ts'
import { newestSchemaVersion, parseStreamName, streams, writersOfEvents } from '../../domain/index.ts'
import { auditLog } from '../../event-log/index.ts'
import { eventHistories } from '../support/event-examples/histories.ts'
import { exampleRequest } from '../support/event-examples/request-histories.ts'
import {
  deciders,
  exampleKeys,
  examplesFolder,
  expectedExamples,
  hasNoState,
  logOfExamples,
  readExamples,
  type StoredExample,
  storedExamples,
} from '../support/event-examples/stored.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

// What was written once is read for good: docs/decisions/event-forms.md.

const examples = storedExamples()
const dataOf = ({ data }: StoredExample) => JSON.parse(data) as Readonly<Record<string, unknown>>
const documentsOf = { plan: documentIn('SigningPlanned', 'plan'), manifest: documentIn('FilesSigned', 'manifest') }

function documentIn(type: string, what: 'plan' | 'manifest') {
  const example = examples.find(
    (each) => each.type === type && each.streamId === streams.signingRequest(exampleRequest),
  )
  const { [`${what}Digest`]: digest, [`${what}Document`]: document } = example === undefined ? {} : dataOf(example)
  return { digest, document } as Parameters<typeof eventHistories>[0]['plan']
}

async function openLog(of: readonly StoredExample[] = examples) {
  const log = await logOfExamples(join(temporaryFolder(), 'event-log.db'), of)
  onTestFinished(() => log.close())
  return log
}

async function collect<Entry>(entries: AsyncIterable<Entry>): Promise<readonly Entry[]> {
  const all: Entry[] = []
  for await (const entry of entries) all.push(entry)
  return all
}

function newestForm({ streamId, type }: Pick<StoredExample, 'streamId' | 'type'>): number {
  const { kind } = parseStreamName(streamId) ?? {}
  return kind === undefined || hasNoState(kind) ? 1 : newestSchemaVersion(deciders[kind], type)
}

describe('the stored examples', () => {
  it('have every type of event, in every form from the first to the newest', () => {
    for (const type of Object.keys(writersOfEvents)) {
      const ofType = examples.filter((each) => each.type === type)
      const newest = Math.max(1, ...ofType.map(newestForm))
      const forms = new Set(ofType.map((each) => dataOf(each).schemaVersion))
      expect([...forms].sort(), `${type}: run \`node scripts/record-event-examples.ts\``).toEqual(
        Array.from({ length: newest }, (_, index) => index + 1),
      )
    }
  })

  it('are what is written today, byte for byte: another form has another schemaVersion', () => {
    for (const { streamId, events } of eventHistories(documentsOf)) {
      const stored = examples.filter((each) => each.streamId === streamId)
      expect(stored.map(({ type, data }) => [type, data])).toEqual(
        events.map(([{ type, data }]) => [type, JSON.stringify(data)]),
      )
    }
  })

  it('read to the states that they had', async () => {
    const expected = expectedExamples()
    const streamIds = new Set(examples.map(({ streamId }) => streamId))
    expect(new Set(Object.keys(expected))).toEqual(streamIds)
    const read = await readExamples(await openLog(), streamIds)
    expect(read).toMatchObject(expected)
  })

  it('are seen not to when one of them is changed', async () => {
    const changed = examples.map((each) =>
      each.type === 'ApprovalGranted' ? { ...each, data: each.data.replace('"approver"', '"givenBy"') } : each,
    )
    const expected = expectedExamples()
    const read = await readExamples(await openLog(changed), Object.keys(expected))
    expect(read).not.toMatchObject(expected)
  })

  it('have signatures that hold', async () => {
    const log = await openLog()
    expect(await auditLog(log, exampleKeys(log))).toMatchObject({ faults: [] })
    const signatures = examples.map(({ metadata }) => JSON.parse(metadata).signature).filter(Boolean)
    expect(signatures.some(({ count }) => count > 1)).toBe(true)
    expect(signatures.some(({ path }) => path !== '')).toBe(true)
    expect(signatures.some(({ witnesses }) => witnesses.length > 0)).toBe(true)
  })
})

describe('the stored plan and manifest', () => {
  it('have the digests that the log names, and are read', async () => {
    const store = await openFolderStore({ path: join(temporaryFolder(), 'artifacts'), maximumSize: 1_000_000 })
    onTestFinished(() => store.close())
    for (const name of ['plan', 'manifest'] as const) {
      const bytes = readFileSync(join(examplesFolder, `${name}.jsonl`))
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(documentsOf[name].document)
      await store.put(
        (async function* () {
          yield bytes
        })(),
      )
    }
    const plan = await openPlan(store, documentsOf.plan)
    const manifest = await openManifest(store, documentsOf.manifest)
    expect(plan.head).toMatchObject({ plannerVersion: 1, signingRequestId: exampleRequest, timestamp: 'required' })
    const nodes = await collect(allEntries(plan))
    const files = await collect(allEntries(manifest))
    expect([nodes.length, plan.signedCount, files.length]).toEqual([9, 4, manifest.entryCount])
    expect(nodes[3]).toMatchObject({ outcome: 'signed', existingSignatures: [{ kind: 'signature', outcome: 'kept' }] })
    expect(files[0]).toMatchObject({ node: 0, path: ['release.zip'] })
  })
})
