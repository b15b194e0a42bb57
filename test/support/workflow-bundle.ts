import { copyFile, mkdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pino } from 'pino'
import { workflowBundle } from '../../server/workflow-bundle.ts'

const logger = pino({ level: 'silent' })

/** Where the script of the workflows is kept for all tests of this clone: making it takes a core for seconds. */
const cacheFolder = join(import.meta.dirname, '../../node_modules/.cache/countersign-workflows')

/** The workflows as one script, made once for each state of the sources. */
export function sharedWorkflowBundle(): Promise<{ readonly codePath: string }> {
  return workflowBundle(cacheFolder, logger)
}

/**
 * Gives the data directory of an embedded service the script of the workflows, as one has it that was started before.
 * What is there already stays. `npm-start.test.ts` starts without it.
 */
export async function giveWorkflowBundle(data: string): Promise<void> {
  const { codePath } = await sharedWorkflowBundle()
  const folder = join(data, 'cache')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await copyFile(codePath, join(folder, basename(codePath)))
}
