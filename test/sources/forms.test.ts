import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { detailForms } from '../../sources/index.ts'

const hashes = {
  signatureAlgorithm: 'RsaPss',
  hashAlgorithm: 'sha256',
  signatureFormat: null,
  hashes: [Buffer.alloc(32, 7).toString('base64')],
  metadata: null,
}
const build = {
  trustedBuildSystemId: randomUUID(),
  connector: 'github-actions',
  build: { repository: 'owner/name', runId: '12' },
  artifact: '34',
}
const fetchBefore = '2026-03-01T12:00:00.000Z'
const right = {
  uploadedFile: [{}],
  link: [
    { url: 'https://example.org/a/b.exe', headerNames: ['Authorization', 'X-Token'], fetchBefore },
    { url: 'http://127.0.0.1:80/', headerNames: [], fetchBefore },
  ],
  announcedUpload: [{ uploadBefore: '2026-03-01T12:00:00.000Z' }],
  buildArtifact: [build],
  hashPayload: [hashes, { ...hashes, signatureAlgorithm: 'Ecdsa', hashAlgorithm: null, signatureFormat: 'asn1' }],
  earlierRequest: [{ signingRequestId: randomUUID() }],
} as const
const wrong = {
  uploadedFile: [{ uploadId: 'x' }, null],
  link: [
    { url: 'https://example.org/a.exe?token=secret', headerNames: [], fetchBefore },
    { url: 'https://user:secret@example.org/a.exe', headerNames: [], fetchBefore },
    { url: 'https://example.org/a.exe#secret', headerNames: [], fetchBefore },
    { url: 'file:///etc/passwd', headerNames: [], fetchBefore },
    { url: 'https://example.org/', headerNames: [] },
    { url: '/a.exe', headerNames: [], fetchBefore },
    { url: 'https://example.org/', headerNames: ['Authorization: Bearer secret'], fetchBefore },
    { url: 'https://example.org/', headerNames: [], fetchBefore, headers: { authorization: 'secret' } },
  ],
  announcedUpload: [{}, { uploadBefore: 'tomorrow' }],
  buildArtifact: [
    { ...build, trustedBuildSystemId: 'x' },
    { ...build, connector: 'GitHub Actions' },
    { ...build, build: { runId: 12 } },
    { ...build, token: 'secret' },
  ],
  hashPayload: [
    { ...hashes, hashes: [] },
    { ...hashes, hashes: ['not base64!'] },
    { ...hashes, hashes: Array.from({ length: 4_097 }, () => hashes.hashes[0]) },
    { ...hashes, hashAlgorithm: 'md5' },
  ],
  earlierRequest: [{ signingRequestId: 'x' }, {}],
} as const

describe('the form of a source in events', () => {
  it.each(Object.keys(detailForms) as (keyof typeof detailForms)[])(
    'of %s takes what belongs there, and nothing secret',
    (kind) => {
      for (const details of right[kind]) expect(detailForms[kind].parse(details)).toEqual(details)
      for (const details of wrong[kind])
        expect(detailForms[kind].safeParse(details).success, JSON.stringify(details).slice(0, 200)).toBe(false)
    },
  )
})
