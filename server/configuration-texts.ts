import type { ApplicationDependencies, ArtifactReader } from '../application/index.ts'
import {
  type ArtifactStore,
  findUnsupported,
  openedContainers,
  parseInThread,
  resolveParameters,
  type SupportedLanguage,
} from '../artifacts/index.ts'
import { type ConfigurationFinding, type ConfigurationFindings, Refusal } from '../domain/index.ts'
import { detachedFormat } from '../signing/detached-signatures.ts'
import type { FilePasses } from '../signing/file-passes/index.ts'
import { foreignVerifiers } from '../signing/foreign-verifiers.ts'
import { signatureFormats } from '../signing/formats.ts'
import { SigningError } from '../signing/signing-error.ts'

/** What of the language this release can carry out. */
export const supportedLanguage: SupportedLanguage = {
  formats: [...signatureFormats, detachedFormat],
  containers: [...openedContainers],
  otherDirectives: [...new Set(foreignVerifiers.map(({ directive }) => directive))],
}

/** What texts of artifact configurations are read with, and where they are kept. */
export type ConfigurationTextsOptions = {
  readonly store: Pick<ArtifactStore, 'put'>
  readonly reader: ArtifactReader
  /** What this release can carry out: other directives are refused when a text is saved. */
  readonly supported: SupportedLanguage
  /** The threads in which texts are read. */
  readonly passes: FilePasses
}

/** Says what use cases ask of texts of artifact configurations. */
export function configurationTexts({
  store,
  reader,
  supported,
  passes,
}: ConfigurationTextsOptions): ApplicationDependencies['configurationTexts'] {
  const read: ApplicationDependencies['configurationTexts']['read'] = async (documentDigest) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of reader.read(documentDigest)) chunks.push(chunk)
    return Buffer.concat(chunks).toString()
  }
  return {
    read,
    async inspect(text): Promise<ConfigurationFindings> {
      const parsed = await parseInThread(text, { passes }).catch(tooMuch)
      if (parsed.kind === 'errors') return { errors: parsed.errors.map(plain), warnings: [] }
      const { configuration } = parsed
      return {
        errors: findUnsupported(configuration, supported).map(plain),
        warnings: configuration.warnings.map(plain),
      }
    },
    async keep(text) {
      const bytes = Buffer.from(text)
      const { sha256, size } = await store.put(chunked(bytes), { expectedSize: bytes.length })
      return { documentDigest: sha256, size }
    },
    async checkParameters(documentDigest, given) {
      const parsed = await parseInThread(await read(documentDigest), { passes })
      if (parsed.kind === 'errors') throw unreadable(documentDigest, parsed.errors)
      const resolved = resolveParameters(parsed.configuration, given)
      if (resolved.kind === 'errors') refuseParameters(resolved.errors)
    },
  }
}

/** A text that takes more time or memory to read than there is for one is wrong as a whole. */
function tooMuch(error: unknown): { readonly kind: 'errors'; readonly errors: readonly ConfigurationFinding[] } {
  if (!(error instanceof SigningError && error.code === 'FILE_PARSE_LIMIT')) throw error
  return { kind: 'errors', errors: [{ code: error.code, line: 1, column: 1, message: error.message }] }
}

async function* chunked(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function plain({ code, line, column, message }: ConfigurationFinding): ConfigurationFindings['errors'][number] {
  return { code, line, column, message }
}

/** @throws Refusal `PARAMETER_UNKNOWN`, `PARAMETER_MISSING`, `PARAMETER_INVALID`, by the code of the first error, naming all of them */
function refuseParameters(errors: readonly ConfigurationFinding[]): never {
  const messages = errors.map(({ message }) => message).join(' ')
  throw new Refusal(errors[0]?.code ?? 'PARAMETER_INVALID', messages, { errors: errors.map(plain) })
}

/** A text that was saved could be read then: this release's language knows less than the one before did. */
function unreadable(documentDigest: string, errors: readonly ConfigurationFinding[]): Refusal {
  return new Refusal(
    'ARTIFACT_CONFIGURATION_INVALID',
    `This release cannot read the artifact configuration that was saved as the document ${documentDigest}. ${errors[0]?.message ?? ''}`,
    { errors: errors.map(plain) },
  )
}
