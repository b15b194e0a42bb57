import { parseSha256Digest, type Sha256Digest } from '../../domain/index.ts'
import type { ConnectorTools, FetchedArtifact } from '../connector.ts'
import { heldBytes, pathOf } from '../http-api/index.ts'
import { OriginError } from '../origin-error.ts'
import type { Secret } from '../secret.ts'
import { repositoryAnswer } from './answers.ts'
import { artifactQuestion } from './artifact-checks.ts'
import { gitHubHeaders, openGitHub, Unanswered } from './client.ts'
import { type GitHubQuestion, nameOf } from './verify-by-api.ts'
import { isZip, withSafeNames } from './zip-names.ts'

/** Formats that are ZIPs themselves: an artifact of such a name was uploaded as it is. */
const zipFormats =
  /\.(?:zip|nupkg|snupkg|jar|war|ear|msix|appx|msixbundle|appxbundle|vsix|xpi|apk|aab|ipa|whl|docx|xlsx|pptx)$/i

/**
 * Fetches an artifact by its id: a ZIP with the files, or the file itself where it was uploaded with `archive: false`, which its
 * content says. GitHub leads to a store of its own, by an address that holds for a moment and that nobody keeps.
 *
 * @throws OriginError
 */
export async function fetchByApi(
  question: GitHubQuestion,
  tools: ConnectorTools,
  token: Secret,
): Promise<FetchedArtifact> {
  const { artifactId } = question.build
  const name = nameOf(question.project.repositoryUrl, question.settings)
  if (artifactId === undefined || name === null)
    throw new OriginError(
      'ORIGIN_BUILD_UNNAMED',
      'The submission does not say the id of the artifact in the repository of the project. Submit it.',
    )
  const client = openGitHub(tools, token)
  try {
    const { full_name } = await client.ask({
      name: 'repository',
      path: pathOf('repos', ...name),
      schema: repositoryAnswer,
      permission: 'metadata: read',
    })
    const facts = await client.ask(artifactQuestion(full_name, artifactId))
    if (facts.expired)
      throw new OriginError('ORIGIN_ARTIFACT_EXPIRED', `GitHub has deleted the artifact ${artifactId}. Build again.`)
    const download = await tools.api.download({
      path: pathOf('repos', ...full_name.split('/'), 'actions', 'artifacts', artifactId, 'zip'),
      headers: gitHubHeaders(token),
    })
    const sha256 = digestOf(facts.digest ?? null)
    const what = `the artifact ${artifactId} of ${full_name}`
    const held = heldBytes(download.bytes, { what, size: download.size, sha256 })
    const { head, bytes } = await withHead(held)
    return {
      fileName: fileNameOf(facts.name, head),
      sha256,
      size: download.size,
      bytes: withSafeNames(bytes),
    }
  } catch (error) {
    if (error instanceof Unanswered) throw new OriginError(error.code, error.message)
    throw error
  }
}

/** The first four bytes, and all of them. */
async function withHead(bytes: AsyncGenerator<Uint8Array, void, undefined>) {
  const first: Uint8Array[] = []
  let size = 0
  while (size < 4) {
    const next = await bytes.next()
    if (next.done === true) break
    first.push(next.value)
    size += next.value.byteLength
  }
  async function* all(): AsyncGenerator<Uint8Array, void, undefined> {
    yield* first
    yield* bytes
  }
  return { head: Buffer.concat(first), bytes: all() }
}

function fileNameOf(name: string, head: Uint8Array): string {
  return isZip(head) && !zipFormats.test(name) ? `${name}.zip` : name
}

/** Another algorithm than SHA-256 is as none: we digest what is kept. */
function digestOf(text: string | null): Sha256Digest | null {
  const [, digest] = /^sha256:([0-9a-f]{64})$/i.exec(text ?? '') ?? []
  return digest === undefined ? null : parseSha256Digest(digest, 'The digest of the artifact')
}
