import { createHash } from 'node:crypto'
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
  type JudgedFile,
  judgeArtifact,
  openedContainers,
  parseInThread,
  resolveParameters,
  type SuggestedConfiguration,
  suggestForSample,
} from '../artifacts/index.ts'
import type { KeyAlgorithm } from '../domain/index.ts'
import { FilePasses } from '../signing/file-passes/index.ts'
import type { ForeignSignature } from '../signing/foreign-verifier.ts'
import { signatureFormats } from '../signing/formats.ts'
import { parseCertificates } from '../signing/x509/index.ts'
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

/** A file whose signatures were judged, as text. */
export type VerifiedFile = Omit<JudgedFile, 'verdict' | 'files'> & {
  /** `null` for files that carry no signatures of kinds that can be judged. */
  readonly verdict: {
    readonly isAccepted: boolean
    readonly signatures: readonly (Omit<ForeignSignature, 'signerCertificate'> & {
      /** SHA-256 of the certificate, hexadecimal; `null` when it is not there. */
      readonly signerThumbprint: string | null
    })[]
  } | null
  readonly files: readonly VerifiedFile[]
}

/**
 * Judges all signatures of a file and of what is in it (`countersign verify`). Nothing leaves this machine.
 *
 * @param sample.trustedFiles files with certificates in PEM that signers must lead to, beside those that the settings name
 * @throws ArtifactError, SigningError
 */
export async function verifyFile(sample: Sample & { readonly trustedFiles: readonly string[] }): Promise<VerifiedFile> {
  const named: Uint8Array[] = []
  for (const file of sample.trustedFiles) named.push(...parseCertificates(await readFile(file)).map(({ der }) => der))
  return withSample(sample, {}, async (means, file) => {
    const { trustedCertificates, trustedTimestampCertificates: authorities } = means.trust
    const trust = {
      trustedCertificates: [...trustedCertificates, ...named],
      ...(authorities !== undefined && { trustedTimestampCertificates: [...authorities, ...named] }),
    }
    return asText(await judgeArtifact({ ...means, trust }, file))
  })
}

function asText({ verdict, files, ...file }: JudgedFile): VerifiedFile {
  const signatures = verdict?.signatures.map(({ signerCertificate, ...signature }) => ({
    ...signature,
    signerThumbprint: signerCertificate && createHash('sha256').update(signerCertificate).digest('hex'),
  }))
  return {
    ...file,
    verdict: verdict === null || signatures === undefined ? null : { isAccepted: verdict.isAccepted, signatures },
    files: files.map(asText),
  }
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
