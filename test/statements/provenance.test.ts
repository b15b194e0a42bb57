import { expect, test } from 'vitest'
import type { Sha256Digest } from '../../domain/index.ts'
import {
  mostProvenanceFiles,
  type ProvenanceFacts,
  provenanceStatement,
  verifyProvenance,
} from '../../statements/index.ts'
import { memoryKey } from '../support/memory-key.ts'
import { commitId, provenanceFacts, signedDocuments } from '../support/statements.ts'

const key = memoryKey('ec-p256')
const [artifact] = provenanceFacts.files as [ProvenanceFacts['files'][number]]
const expected = {
  signedSha256: artifact.signedSha256,
  commitId,
  repositoryUrl: provenanceFacts.origin.repository.url,
  publicKey: key.publicKey,
}

test('provenance says from which source which build made the file, before and after it was signed', () => {
  const { subject, predicateType, predicate } = provenanceStatement(provenanceFacts)
  expect(subject).toEqual([
    { name: 'app.exe', digest: { sha256: artifact.signedSha256 }, annotations: { signing: 'after' } },
    { name: 'app.exe', digest: { sha256: artifact.unsignedSha256 }, annotations: { signing: 'before' } },
  ])
  expect(predicateType).toBe('https://slsa.dev/provenance/v1')
  expect(predicate).toMatchObject({
    buildDefinition: {
      externalParameters: {
        source: { repository: 'https://github.com/acme/app', ref: 'refs/heads/release/1.x' },
        definition: 'acme/app/.github/workflows/build.yml@refs/heads/release/1.x',
        trigger: 'push',
      },
      internalParameters: { trustedBuildSystem: { kind: 'githubActions' }, build: { id: '30433642', attempt: 1 } },
      resolvedDependencies: [
        { uri: 'git+https://github.com/acme/app@refs/heads/release/1.x', digest: { gitCommit: commitId } },
      ],
    },
    runDetails: {
      builder: { id: `urn:uuid:${provenanceFacts.trustedBuildSystem.id}` },
      metadata: { invocationId: 'https://github.com/acme/app/actions/runs/30433642' },
    },
  })
})

test.each([
  ['https://gitlab.example/group/app.git', 'git+https://gitlab.example/group/app.git@refs/tags/v1'],
  ['git@dev.example:group/app.git', 'git+ssh://git@dev.example/group/app.git@refs/tags/v1'],
  ['ssh://git@dev.example:7999/app.git', 'git+ssh://git@dev.example:7999/app.git@refs/tags/v1'],
])('the repository is the one that was verified: %s', (url, uri) => {
  const { origin } = provenanceFacts
  const tag = { ...origin, repository: { ...origin.repository, url }, ref: { kind: 'tag', name: 'v1' } } as const
  const { predicate } = provenanceStatement({ ...provenanceFacts, origin: tag })
  expect(predicate).toMatchObject({
    buildDefinition: { externalParameters: { source: { repository: url } }, resolvedDependencies: [{ uri }] },
  })
})

test('the same facts give the same statement, and it names no people', () => {
  const actors = [{ role: 'pusher', system: 'https://github.com', id: '77', name: 'Petra' }] as const
  const facts = { ...provenanceFacts, origin: { ...provenanceFacts.origin, actors } }
  expect(JSON.stringify(provenanceStatement(facts))).toBe(JSON.stringify(provenanceStatement(provenanceFacts)))
})

test('of more files than a reader takes subjects, the artifact alone is named', () => {
  const inner = (index: number) => ({ ...artifact, path: ['app.exe', `${index}.exe`] })
  const files = [...Array.from({ length: mostProvenanceFiles - 1 }, (_, index) => inner(index)), artifact]
  const named = (all: ProvenanceFacts['files']) => provenanceStatement({ ...provenanceFacts, files: all }).subject
  expect(named(files)).toHaveLength(2 * mostProvenanceFiles)
  expect(named(files)[2]?.name).toBe('app.exe/0.exe')
  const more = named([...files, inner(-1)])
  expect(more.map(({ digest }) => digest.sha256)).toEqual([artifact.signedSha256, artifact.unsignedSha256])
})

test('what leaves is verified: envelope and bundle by the key, the artifact, the commit and the repository', async () => {
  const documents = await signedDocuments(key, provenanceStatement(provenanceFacts))
  expect(() => verifyProvenance(documents, expected)).not.toThrow()
  const failing = (changes: Partial<typeof expected>) => () => verifyProvenance(documents, { ...expected, ...changes })
  const code = (value: string) => expect.objectContaining({ code: value })
  expect(failing({ publicKey: memoryKey('ec-p256').publicKey })).toThrow(code('STATEMENT_SIGNATURE_INVALID'))
  expect(failing({ signedSha256: '0'.repeat(64) as Sha256Digest })).toThrow(code('STATEMENT_SUBJECT_MISMATCH'))
  expect(failing({ commitId: '0'.repeat(40) })).toThrow(code('STATEMENT_SUBJECT_MISMATCH'))
  expect(failing({ repositoryUrl: 'https://github.com/evil/app' })).toThrow(code('STATEMENT_REPOSITORY_MISMATCH'))
  const other = await signedDocuments(key, provenanceStatement(provenanceFacts))
  expect(() => verifyProvenance({ ...documents, bundle: other.bundle }, expected)).toThrow(
    code('STATEMENT_BUNDLE_MALFORMED'),
  )
})
