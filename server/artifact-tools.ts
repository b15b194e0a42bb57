import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import {
  ArtifactError,
  type DryRun,
  type DryRunMeans,
  dryRun,
  type InspectedFile,
  inspectArtifact as inspect,
  openedContainers,
  parseInThread,
  resolveParameters,
  type SuggestedConfiguration,
  suggestForSample,
} from '../artifacts/index.ts'
import type { KeyAlgorithm } from '../domain/index.ts'
import { FilePasses } from '../signing/file-passes/index.ts'
import { signatureFormats } from '../signing/formats.ts'
import { type LocalOptions, settingsOf } from './local-settings.ts'
import { treePlanning } from './tree-planning.ts'

/** A file on this machine. */
type Sample = LocalOptions & { readonly file: string }

/**
 * Says what is in a file (`countersign artifact inspect`). Nothing leaves this machine.
 *
 * @throws ArtifactError, SigningError
 */
export function inspectArtifact(sample: Sample): Promise<InspectedFile> {
  return withSample(sample, {}, (means, file) => inspect(means, file))
}

/**
 * Says what an artifact configuration would sign in a file (`countersign artifact plan`), without any key.
 *
 * @throws ArtifactError with the code of the first fault of the configuration; SigningError
 */
export function planArtifact(
  sample: Sample & {
    readonly configurationFile: string
    readonly parameters: Readonly<Record<string, string>>
    readonly keyAlgorithm: KeyAlgorithm
  },
): Promise<DryRun> {
  const { configurationFile, parameters, keyAlgorithm } = sample
  return withSample(sample, { keyAlgorithm }, async (means, file) => {
    const read = await parseInThread(await readFile(configurationFile), { passes: means.passes })
    const parsed = read.kind === 'errors' ? read : resolveParameters(read.configuration, parameters)
    if (parsed.kind === 'configuration') return dryRun(means, parsed.configuration.root, file)
    const [first] = parsed.errors
    throw new ArtifactError(
      first?.code ?? 'CONFIGURATION_CORRUPT',
      `${configurationFile}, line ${first?.line}, column ${first?.column}: ${first?.message}`,
    )
  })
}

/**
 * Suggests an artifact configuration that signs what can be signed in a file (`countersign artifact suggest`).
 *
 * @throws ArtifactError, SigningError
 */
export async function suggestConfiguration(sample: Sample): Promise<SuggestedConfiguration> {
  const { detached, verifiers } = await treePlanning(settingsOf(sample))
  const formats = [
    ...signatureFormats,
    { elements: ['file'], directives: detached.map(({ definition }) => definition) },
  ]
  const otherDirectives = verifiers.map(({ directive }) => directive)
  return suggestForSample(await inspectArtifact(sample), {
    formats,
    containers: [...openedContainers],
    otherDirectives,
  })
}

async function withSample<Result>(
  { configFile, file }: Sample,
  { keyAlgorithm = 'rsa-4096' }: { readonly keyAlgorithm?: KeyAlgorithm },
  use: (means: DryRunMeans, file: Parameters<typeof inspect>[1]) => Promise<Result>,
): Promise<Result> {
  const settings = settingsOf({ configFile })
  const folder = await mkdtemp(join(tmpdir(), 'countersign-artifact-'))
  const passes = new FilePasses(2)
  try {
    const handle = await open(file, 'r')
    try {
      const { size } = await handle.stat()
      const means: DryRunMeans = {
        ...(await treePlanning(settings)),
        ...{ formats: signatureFormats, passes, folder, keyAlgorithm },
        place: { name: 'The temporary folder', full: 'ARTIFACT_STORE_FULL', unavailable: 'ARTIFACT_STORE_UNAVAILABLE' },
        ...{ timestamp: 'none', rawSigningAllowed: true, existingSignatures: 'replace', at: new Date() },
      }
      return await use(means, { handle, size, name: basename(file) })
    } finally {
      await handle.close()
    }
  } finally {
    await passes.close()
    await rm(folder, { recursive: true, force: true })
  }
}
