import { describe, expect, it } from 'vitest'
import { canonicalJson, leadingFiles, type Sha256Digest, type SignedFile } from '../../domain/index.ts'

const digest = 'ab'.repeat(32) as Sha256Digest

function signedFile(node: number, name = `${node}.exe`): SignedFile {
  const signatures = [{ directive: 'authenticode-sign', timestamp: null }]
  return { node, path: ['release.zip', name], unsignedSha256: digest, signedSha256: digest, signedSize: 9, signatures }
}

describe('the files that an event names', () => {
  it.each([0, 1, 20])('are all of %i', (count) => {
    const files = Array.from({ length: count }, (_, node) => signedFile(node))
    expect(leadingFiles(files)).toEqual(files)
  })

  it('are the first 20 of more', () => {
    const files = Array.from({ length: 30 }, (_, node) => signedFile(node))
    expect(leadingFiles(files)).toEqual(files.slice(0, 20))
  })

  it('stay within the size of an event, however long their paths are', () => {
    const files = Array.from({ length: 20 }, (_, node) => signedFile(node, 'x'.repeat(10_000)))
    const leading = leadingFiles(files)
    expect(leading).toEqual(files.slice(0, 6))
    expect(canonicalJson(leading).length).toBeLessThan(65_536)
    expect(leadingFiles([signedFile(0, 'x'.repeat(70_000))])).toEqual([])
  })
})
