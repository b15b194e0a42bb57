import type { ForeignSignature } from '../../signing/foreign-verifier.ts'
import type { OpenFile, SignatureFormat } from '../../signing/signature-format.ts'
import { ArtifactError } from '../artifact-error.ts'
import { elementRules, type FileKind } from '../configuration/index.ts'
import { judged, verifierOf } from './foreign-signatures.ts'
import { partsOf } from './read-artifact.ts'
import type { TreeMeans } from './tree-means.ts'

/** The elements of the files of each kind. */
const elementsOf: Readonly<Record<FileKind, readonly string[]>> = {
  programs: ['pe-file'],
  scripts: ['powershell-file', 'windows-script-file'],
}

const scriptEndings: ReadonlySet<string> = new Set(
  elementsOf.scripts.flatMap((name) => elementRules.get(name)?.extensions ?? []),
)

/** The ending of a name, in small letters. */
export function endingOf(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot === -1 ? '' : name.slice(dot + 1).toLowerCase()
}

/** Whether a file of this name may be one that must be signed. Programs are such whatever their names are. */
export function mayHaveToBeSigned(name: string, kinds: readonly FileKind[] | null): boolean {
  if (kinds === null || kinds.length === 0) return false
  return kinds.includes('programs') || scriptEndings.has(endingOf(name))
}

/**
 * Refuses a file of one of these kinds that carries no valid signature.
 *
 * @throws ArtifactError `FILE_UNSIGNED`
 */
export async function requireSigned(
  means: TreeMeans & {
    readonly refuseUnsigned: readonly FileKind[] | null
  },
  file: OpenFile,
): Promise<void> {
  const { formats, refuseUnsigned } = means
  for (const kind of refuseUnsigned ?? [])
    for (const format of formatsOf(kind, formats)) {
      const { handle, size, name } = file
      if ((await format.detect({ name, size, readPart: partsOf(handle, size) })) !== 'recognized') continue
      const verifier = verifierOf(means, format)
      const { signatures } = verifier === undefined ? { signatures: [] } : await judged(means, verifier, file)
      // Where nobody says whom to trust, it is enough that the file is as it was signed.
      const isTrusting = means.trust.trustedCertificates.length > 0
      const isGood = ({ verdict }: ForeignSignature) => verdict === 'valid' || (!isTrusting && verdict === 'untrusted')
      if (signatures.some(isGood)) return
      const [first] = signatures
      const found = first === undefined ? 'it carries no signature' : `its signature is not valid: ${first.reason}`
      throw new ArtifactError(
        'FILE_UNSIGNED',
        `The artifact configuration demands that all ${kind} are signed. No element means this one, and ${found}.`,
      )
    }
}

function formatsOf(kind: FileKind, formats: readonly SignatureFormat[]): readonly SignatureFormat[] {
  return formats.filter(({ elements }) => elements.some((name) => elementsOf[kind].includes(name)))
}
