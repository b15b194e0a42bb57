import { setTimeout } from 'node:timers/promises'
import type { DoFileWork } from '../../signing/file-passes/index.ts'

// A machine with too much to do takes longer to load a module than reading a file may take.
await setTimeout(1_200)

/** Work that takes no time. */
export const doFileWork: DoFileWork<string, string> = async (parameters) => `${parameters}: read`
