import { expect, test } from 'vitest'
import {
  judgeSourceSummaries,
  provenanceStatement,
  type SourceSummaryDemand,
  type Statement,
} from '../../statements/index.ts'
import { memoryKey } from '../support/memory-key.ts'
import { commitId, provenanceFacts, signedDocuments, sourceSummary } from '../support/statements.ts'

const key = memoryKey('ec-p256')
const other = memoryKey('ec-p384')
const now = '2026-11-30T07:00:00.000Z'
const demand: SourceSummaryDemand = {
  commitId,
  repositoryUrl: 'https://github.com/acme/app.git',
  level: 3,
  verifiers: [
    { id: 'https://verifier.example/source', keys: [key.publicKey] },
    { id: 'https://verifier.example/other', keys: [other.publicKey] },
  ],
  maximumAge: 24 * 3600_000,
}

async function codes(statement: Statement, signer = key, changed: Partial<SourceSummaryDemand> = {}) {
  const { envelope } = await signedDocuments(signer, statement)
  const judged = judgeSourceSummaries([envelope], { ...demand, ...changed }, now)
  return judged.outcome === 'accepted' ? 'accepted' : judged.refusals.map(({ code }) => code).join()
}

test('a summary of a trusted verifier that says all that is demanded is accepted, as envelope and as bundle', async () => {
  const { envelope, bundle } = await signedDocuments(key, sourceSummary())
  const summary = { verifierId: 'https://verifier.example/source', level: 3, timeVerified: '2026-11-30T06:00:00.000Z' }
  for (const document of [envelope, bundle, bundle.toString()])
    expect(judgeSourceSummaries([document], demand, now)).toEqual({ outcome: 'accepted', summary })
})

test('nothing is refused, and so is what says nothing', () => {
  const missing = { outcome: 'refused', refusals: [{ code: 'STATEMENT_MISSING' }] }
  expect(judgeSourceSummaries([], demand, now)).toMatchObject(missing)
  for (const text of ['', '{}', '[]', 'null', '{"mediaType":""}'])
    expect(judgeSourceSummaries([text], demand, now)).toMatchObject({ outcome: 'refused' })
})

test.each<[string, object, string]>([
  ['a result other than PASSED', { verificationResult: 'FAILED' }, 'STATEMENT_RESULT_NOT_PASSED'],
  ['a result in other case', { verificationResult: 'passed' }, 'STATEMENT_RESULT_NOT_PASSED'],
  ['no result', { verificationResult: undefined }, 'STATEMENT_PAYLOAD_MALFORMED'],
  ['another repository', { resourceUri: 'git+https://github.com/evil/app' }, 'STATEMENT_REPOSITORY_MISMATCH'],
  ['a lower level', { verifiedLevels: ['SLSA_SOURCE_LEVEL_2'] }, 'STATEMENT_LEVEL_TOO_LOW'],
  ['a level of another track', { verifiedLevels: ['SLSA_BUILD_LEVEL_3'] }, 'STATEMENT_LEVEL_TOO_LOW'],
  [
    'a level that looks like one',
    { verifiedLevels: ['SLSA_SOURCE_LEVEL_30', 'xSLSA_SOURCE_LEVEL_3'] },
    'STATEMENT_LEVEL_TOO_LOW',
  ],
  ['a verifier that nobody named', { verifier: { id: 'https://evil.example' } }, 'STATEMENT_VERIFIER_MISMATCH'],
  [
    'a verifier whose key is another',
    { verifier: { id: 'https://verifier.example/other' } },
    'STATEMENT_VERIFIER_MISMATCH',
  ],
  ['a time in the future', { timeVerified: '2026-11-30T08:00:00Z' }, 'STATEMENT_TIME_REFUSED'],
  ['a time too long ago', { timeVerified: '2026-11-28T08:00:00Z' }, 'STATEMENT_TIME_REFUSED'],
  ['no time', { timeVerified: undefined }, 'STATEMENT_PAYLOAD_MALFORMED'],
])('a summary with %s is refused', async (_, predicate, code) => {
  expect(await codes(sourceSummary({ predicate }))).toBe(code)
})

test('a summary of another commit is refused, and one that names it by another algorithm', async () => {
  for (const digest of [{ gitCommit: '0'.repeat(40) }, { gitTree: commitId }])
    expect(await codes(sourceSummary({ subject: [{ digest }] }))).toBe('STATEMENT_SUBJECT_MISMATCH')
})

test('another kind of statement is refused, whoever signed it', async () => {
  expect(await codes(provenanceStatement(provenanceFacts))).toBe('STATEMENT_PREDICATE_TYPE_UNEXPECTED')
})

test('what nobody trusted signed is refused before it is read', async () => {
  expect(await codes(sourceSummary(), memoryKey('ec-p256'))).toBe('STATEMENT_SIGNATURE_INVALID')
  expect(await codes(sourceSummary(), key, { verifiers: [] })).toBe('STATEMENT_SIGNATURE_INVALID')
})

test('a higher level fulfils a lower demand, and any one summary the demand', async () => {
  expect(await codes(sourceSummary(), key, { level: 1 })).toBe('accepted')
  expect(await codes(sourceSummary(), key, { level: 4 })).toBe('STATEMENT_LEVEL_TOO_LOW')
  const low = await signedDocuments(key, sourceSummary({ predicate: { verifiedLevels: ['SLSA_SOURCE_LEVEL_1'] } }))
  const right = await signedDocuments(key, sourceSummary())
  expect(judgeSourceSummaries([low.envelope, right.envelope], demand, now)).toMatchObject({ outcome: 'accepted' })
  expect(judgeSourceSummaries([low.envelope, '{}'], demand, now)).toMatchObject({
    outcome: 'refused',
    refusals: [{ code: 'STATEMENT_LEVEL_TOO_LOW' }, { code: 'STATEMENT_ENVELOPE_MALFORMED' }],
  })
})
