import { type DoFileWork, fillBlocking } from '../file-passes/index.ts'
import type { ForeignTrust, ForeignVerdict } from '../foreign-verifier.ts'
import { judgeScript } from './script-digestion.ts'
import type { ScriptKind } from './script-kind.ts'

/** What a thread judges. */
export interface ScriptToJudge {
  /** File descriptor, open for reading. */
  readonly input: number
  /** Bytes of the file. */
  readonly size: number
  readonly kind: ScriptKind
  readonly trust: ForeignTrust
}

/** In a thread that reads what others made: reads a script and judges its signature. */
export const doFileWork: DoFileWork<ScriptToJudge, ForeignVerdict> = async ({ input, size, kind, trust }) => {
  const script = Buffer.alloc(size)
  fillBlocking(input, { offset: 0, bytes: script })
  return judgeScript(script, kind, trust)
}
