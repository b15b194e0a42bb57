import { ArtifactError } from '../artifact-error.ts'

/** A package that nothing is added to. `path` names the entry at fault, where it is one. */
export function packageError(code: string, message: string, fileName: string, entry?: string): ArtifactError {
  return new ArtifactError(code, message, { path: entry === undefined ? [fileName] : [fileName, entry] })
}
