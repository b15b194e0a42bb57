import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { openFolderStore } from '../../artifacts/index.ts'

/**
 * A process with an artifact store, for tests that kill or starve it: `node artifact-store-child.ts FOLDER MODE`.
 * `endless` uploads without end, `large` uploads 300 MB; what came of it is written to standard output as JSON.
 */
const [folder = '', mode = ''] = process.argv.slice(2)
const store = await openFolderStore({ path: folder, maximumSize: 2 ** 40 })

async function* chunks(count: number, size: number, pause: number) {
  for (let i = 0; i < count; i++) {
    if (pause > 0) await delay(pause)
    yield new Uint8Array(size).fill(i % 251)
  }
}

if (mode === 'endless') {
  process.stdout.write('{"state":"uploading"}\n')
  await store.put(chunks(Number.POSITIVE_INFINITY, 64 * 1024, 1))
} else {
  const before = process.memoryUsage().rss
  let peak = before
  async function* watched() {
    for await (const chunk of chunks(300 * 16, 64 * 1024, 0)) {
      peak = Math.max(peak, process.memoryUsage().rss)
      yield chunk
    }
  }
  try {
    const { size } = await store.put(watched())
    process.stdout.write(`${JSON.stringify({ size, growth: peak - before })}\n`)
  } catch (error) {
    const { code, transient } = error as { code?: string; transient?: boolean }
    process.stdout.write(`${JSON.stringify({ code, transient })}\n`)
  }
  await store.close()
}
if (process.stdout.writableLength > 0) await once(process.stdout, 'drain')
