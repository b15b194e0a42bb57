import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { imageArguments, imageEnvironment } from './image-arguments.ts'

/** A plan of many files on its way through the service. */
export type LargePlanFigures = {
  readonly files: number
  readonly planSeconds: number
  readonly manifestSeconds: number
  /** Of one page of a hundred nodes or files by GraphQL, over HTTP: what 95 of a hundred pages do not exceed, and the middle. */
  readonly pageMs: number
  readonly medianPageMs: number
  /** The most memory that the process had (resident set), in MiB. */
  readonly peakMebibytes: number
}

/** Measures it in a process of its own, which is started as the image starts its roles. */
export async function measureLargePlan(): Promise<LargePlanFigures> {
  const program = fileURLToPath(new URL('large-plan-process.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [...imageArguments, program], {
    env: { ...process.env, ...imageEnvironment },
  })
  return JSON.parse(stdout)
}
