import { Readable } from 'node:stream'
import {
  type EventLog,
  ExportError,
  type ExportFault,
  exportLog,
  type LogPosition,
  type RecordedEvent,
  readExport,
  StoredText,
} from '../../../event-log/index.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

/**
 * Exports that somebody changed, bytes or whole lines: whatever it was, it is noticed, by a fault that names a line or by a
 * coded error. What was not changed is right.
 */
export const target: FuzzTarget = {
  name: 'export',
  run: (request) =>
    fuzzInputs(request, async (random, seed) => {
      const whole = await exportOf(random)
      const input = random.below(20) === 0 ? whole : changed(whole, random)
      const outcome = await outcomeOf(input, random).catch((error: unknown) => {
        throw new FuzzFailure(seed, input, 'Reading it fails without a code.', { cause: error })
      })
      if ((outcome === 'accepted') !== input.equals(whole))
        throw new FuzzFailure(seed, input, `It was ${input.equals(whole) ? 'not ' : ''}changed, and is ${outcome}.`)
      return outcome
    }),
}

async function exportOf(random: SeededRandom): Promise<Buffer> {
  const events = Array.from({ length: random.below(8) }, (_, index) => anEvent(random, index))
  const log: Pick<EventLog, 'readAll'> = {
    async *readAll() {
      if (events.length > 0) yield events
    },
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of exportLog(log, { now: '2026-05-01T12:00:00.000Z' })) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const texts = [
  '{"schemaVersion":1}',
  '{"a":"\u2028","b":",\\"data\\":"}',
  '{ "x" : [ ] }\n',
  '{"__proto__":{}}',
  '{"é":"😀"}',
]

function anEvent(random: SeededRandom, index: number): RecordedEvent {
  const stored = { data: new StoredText(random.oneOf(texts)), metadata: new StoredText(random.oneOf(texts)) }
  return {
    id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    type: random.oneOf(['ApprovalGranted', ',"data":', 'Größe', '"']),
    streamId: random.oneOf(['user-1', 'project-{"line":1}', ',"metadata":']),
    revision: index,
    position: String(index + 1).padStart(16, '0') as LogPosition,
    data: {},
    metadata: {} as RecordedEvent['metadata'],
    stored,
  }
}

function changed(whole: Buffer, random: SeededRandom): Buffer {
  if (random.below(2) === 0) return mutateBytes(whole, random)
  const lines = whole.toString('utf8').split('\n').slice(0, -1)
  const [one, other] = [random.below(lines.length), random.below(lines.length)]
  const line = lines[one] ?? ''
  switch (random.below(4)) {
    case 0:
      lines.splice(one, 1)
      break
    case 1:
      lines.splice(other, 0, line)
      break
    case 2:
      lines[one] = lines[other] ?? ''
      lines[other] = line
      break
    default:
      lines.splice(one)
  }
  return Buffer.from(lines.map((each) => `${each}\n`).join(''))
}

async function outcomeOf(input: Buffer, random: SeededRandom): Promise<string> {
  const size = 1 + random.below(200)
  const pieces = Array.from({ length: Math.ceil(input.length / size) }, (_, index) =>
    input.subarray(index * size, (index + 1) * size),
  )
  let first: ExportFault | undefined
  try {
    for await (const item of readExport(Readable.from(pieces))) if ('fault' in item) first ??= item.fault
  } catch (error) {
    if (error instanceof ExportError) return error.code
    throw error
  }
  return first?.code ?? 'accepted'
}
