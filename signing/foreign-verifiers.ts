import { peVerifier } from './authenticode/index.ts'
import { catalogVerifier } from './catalog/index.ts'
import type { ForeignVerifier } from './foreign-verifier.ts'
import { jarVerifier } from './jar/index.ts'
import { nugetVerifier } from './nuget/index.ts'
import { powerShellVerifier } from './powershell/index.ts'
import { windowsScriptVerifier } from './windows-script/index.ts'
import { xmlVerifier } from './xml/index.ts'

/** Everything that judges signatures of others. */
export const foreignVerifiers: readonly ForeignVerifier[] = [
  peVerifier,
  powerShellVerifier,
  windowsScriptVerifier,
  catalogVerifier,
  jarVerifier,
  nugetVerifier,
  xmlVerifier,
]
