import { createHash } from 'node:crypto'
import type { PlanNodeContent, Sha256Digest, SignedFile, SigningPlan } from '../../domain/index.ts'
import { aSubmission } from './submission.ts'

/** How large a tree is: archives in one archive, and programs in each. */
export type TreeSize = { readonly archives: number; readonly programsEach: number }

const element = { name: 'pe-file-set', path: '*.exe', line: 7, column: 5 }

const { signingRequestId, projectId, signingPolicyId, certificateId } = aSubmission()

/** What the head of a plan says, of a request that is nowhere. */
export const planFacts: SigningPlan = {
  kind: 'signingPlan',
  schemaVersion: 1,
  plannerVersion: 1,
  signingRequestId,
  projectId,
  signingPolicyId,
  signingPolicyVersion: 1,
  certificateId,
  certificateThumbprint: 'ab'.repeat(32),
  timestamp: 'required',
}

/** SHA-256, hexadecimal. */
export function digestOf(text: string | Uint8Array): Sha256Digest {
  return createHash('sha256').update(text).digest('hex') as Sha256Digest
}

/**
 * What a walk finds in `release.zip`: archives, each with programs that are signed and a file that stays as it is. It has
 * `1 + archives × (2 + programsEach)` nodes.
 */
export function* archiveTree({ archives, programsEach }: TreeSize): Generator<PlanNodeContent> {
  const root = ['release.zip']
  yield archive(root)
  for (let number = 0; number < archives; number++) {
    const path = [...root, `part-${padded(number)}.zip`]
    yield archive(path)
    yield file([...path, 'README'], false)
    for (let program = 0; program < programsEach; program++) yield file([...path, `bin/${padded(program)}.exe`], true)
  }
}

/** What signing makes of the nodes of a plan, without any key. */
export async function* signedWithoutKey(
  nodes: AsyncIterable<PlanNodeContent> | Iterable<PlanNodeContent>,
): AsyncGenerator<SignedFile> {
  let node = 0
  const timestamp = { time: '2026-03-01T12:00:00.000Z', authority: 'CN=Time-stamp authority', uncovered: [] }
  for await (const planned of nodes) {
    const { path, directives, outcome } = planned
    if (planned.kind !== 'directory' && outcome !== 'unchanged') {
      const signedSha256 = digestOf(`signed ${path.join('/')}`)
      const signatures = directives.map(({ directive }) => ({ directive, timestamp }))
      yield { node, path, unsignedSha256: planned.sha256, signedSha256, signedSize: planned.size + 10_000, signatures }
    }
    node++
  }
}

function archive(path: readonly string[]): PlanNodeContent {
  const content = { sha256: digestOf(path.join('/')), size: 5_000_000 }
  const unsigned = { format: null, existingSignatures: [], directives: [] }
  return { kind: 'container', container: 'zip', path, outcome: 'rebuilt', element: null, ...content, ...unsigned }
}

function file(path: readonly string[], isSigned: boolean): PlanNodeContent {
  const sha256 = digestOf(path.join('/'))
  const content = { kind: 'file', path, sha256, size: 108_000, existingSignatures: [] } as const
  if (!isSigned) return { ...content, outcome: 'unchanged', element: null, format: null, directives: [] }
  const directive = {
    directive: 'authenticode-sign',
    attributes: { 'hash-algorithm': 'sha256', append: false, description: 'Demo', 'description-url': null },
    contentDigests: [{ content: 'image', algorithm: 'sha256', digest: sha256 }],
  }
  return { ...content, outcome: 'signed', element, format: 'pe', directives: [directive] }
}

function padded(number: number): string {
  return String(number).padStart(6, '0')
}
