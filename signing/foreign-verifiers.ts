import { peVerifier } from './authenticode/index.ts'
import { catalogVerifier } from './catalog/index.ts'
import type { ForeignVerifier } from './foreign-verifier.ts'
import { powerShellVerifier } from './powershell/index.ts'
import { windowsScriptVerifier } from './windows-script/index.ts'

/** Everything that judges signatures of others. */
export const foreignVerifiers: readonly ForeignVerifier[] = [
  peVerifier,
  powerShellVerifier,
  windowsScriptVerifier,
  catalogVerifier,
]
