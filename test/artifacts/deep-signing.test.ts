import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DeepWork, deepSigningIn } from '../support/deep-signing.ts'
import { makeIdentity, type TestIdentity } from '../support/openssl.ts'
import { osslsigncodeVerify } from '../support/osslsigncode.ts'
import { smallPeFile } from '../support/small-pe-file.ts'
import { buildZip } from '../support/zip-builder.ts'

const folder = mkdtempSync(join(tmpdir(), 'countersign-'))
let signer: TestIdentity
let deep: Awaited<ReturnType<typeof deepSigningIn>>
beforeAll(async () => {
  signer = await makeIdentity(folder, 'ec-p256')
  deep = await deepSigningIn(folder, signer)
})
afterAll(async () => {
  await deep.close()
  rmSync(folder, { recursive: true })
})

const program = smallPeFile(randomBytes(700))
const library = smallPeFile(randomBytes(900))
const nested = buildZip([
  { name: 'lib/', content: '' },
  { name: 'lib/deep.dll', content: library, descriptor: 'signed' },
  { name: 'lib/notes.txt', content: 'notes', isStored: true },
])
const release = buildZip(
  [
    { name: 'README', content: 'Read me.' },
    { name: 'app.exe', content: program },
    { name: 'parts/inner.zip', content: nested, isStored: true },
    { name: 'parts/other.zip', content: nested },
  ],
  { comment: 'a release' },
)
const configuration = `<zip-file path="*.zip">
  <pe-file path="app.exe"><authenticode-sign description="App"/></pe-file>
  <directory path="parts">
    <zip-file path="inner.zip"><pe-file path="lib/*.dll"><authenticode-sign/></pe-file></zip-file>
  </directory>
</zip-file>`

/** Unpacks with the tool that everybody has. */
function unzipped(bytes: Uint8Array): string {
  const place = join(folder, `unzipped-${Math.random()}`)
  mkdirSync(place)
  writeFileSync(`${place}.zip`, bytes)
  execFileSync('unzip', ['-q', `${place}.zip`, '-d', place])
  return place
}

describe('a zip with programs, one of them in another zip', () => {
  it('is planned as a tree of all that is in what is opened', async () => {
    const nodes = await deep.plan({ fileName: 'release.zip', bytes: release, configuration })
    expect(nodes.map(({ path, kind, outcome }) => `${path.join('|')} ${kind} ${outcome}`)).toEqual([
      'release.zip container rebuilt',
      'release.zip|README file unchanged',
      'release.zip|app.exe file signed',
      'release.zip|parts/inner.zip container rebuilt',
      'release.zip|parts/inner.zip|lib/deep.dll file signed',
      'release.zip|parts/inner.zip|lib/notes.txt file unchanged',
      'release.zip|parts/other.zip file unchanged',
    ])
    expect(nodes[2]).toMatchObject({
      format: 'pe',
      element: { name: 'pe-file', path: 'app.exe' },
      directives: [{ directive: 'authenticode-sign', attributes: { description: 'App', append: false } }],
    })
    expect(nodes.at(-1)?.warnings).toEqual([expect.stringContaining('lib/deep.dll')])
  })

  it('is signed from the inside out, and nothing else in it is changed', async () => {
    const { bytes, files } = await deep.sign({ fileName: 'release.zip', bytes: release, configuration })
    expect(files.map(({ path, signatures }) => [path.at(-1), signatures.length])).toEqual([
      ['release.zip', 0],
      ['app.exe', 1],
      ['parts/inner.zip', 0],
      ['lib/deep.dll', 1],
    ])
    const place = unzipped(bytes)
    const inner = unzipped(readFileSync(join(place, 'parts/inner.zip')))
    for (const file of [join(place, 'app.exe'), join(inner, 'lib/deep.dll')])
      expect(await osslsigncodeVerify(file, signer.rootFile)).toMatchObject({ ok: true, signatures: 1 })
    expect(readFileSync(join(place, 'README'), 'utf8')).toBe('Read me.')
    expect(readFileSync(join(place, 'parts/other.zip')).equals(nested)).toBe(true)
    expect(readFileSync(join(inner, 'lib/notes.txt'), 'utf8')).toBe('notes')
    expect(bytes.subarray(-9).toString()).toBe('a release')
  })
})

describe('a zip with archives that carry signatures of their own', () => {
  it('has what is in them signed first, then them, each by its own format', async () => {
    const [place, rsa] = [join(folder, 'archives'), await makeIdentity(folder, 'rsa-2048')]
    mkdirSync(place)
    const own = await deepSigningIn(place, rsa)
    const configured = `<zip-file>
      <jar-file path="a.jar"><jar-sign hash-algorithm="sha384"/></jar-file>
      <nupkg-file path="a.nupkg"><pe-file path="lib/C++.dll"><authenticode-sign/></pe-file><nuget-sign/></nupkg-file>
      <zip-file path="plain.zip"><jar-sign/></zip-file>
    </zip-file>`
    const jar = buildZip([
      { name: 'META-INF/MANIFEST.MF', content: 'Manifest-Version: 1.0\r\n\r\n' },
      { name: 'A.class', content: 'class A' },
    ])
    const nupkg = buildZip([
      { name: 'a.nuspec', content: '<package/>' },
      { name: 'lib/C%2B%2B.dll', content: library },
    ])
    const bytes = buildZip([
      { name: 'a.jar', content: jar },
      { name: 'a.nupkg', content: nupkg, isStored: true },
      { name: 'plain.zip', content: nested },
    ])
    try {
      const signed = await own.sign({ fileName: 'release.zip', bytes, configuration: configured })
      expect(
        signed.files.map(({ path, signatures }) => [path.at(-1), signatures.map(({ directive }) => directive)]),
      ).toEqual([
        ['release.zip', []],
        ['a.jar', ['jar-sign']],
        ['a.nupkg', ['nuget-sign']],
        ['lib/C%2B%2B.dll', ['authenticode-sign']],
        ['plain.zip', ['jar-sign']],
      ])
      const inner = unzipped(readFileSync(join(unzipped(signed.bytes), 'a.nupkg')))
      expect(readFileSync(join(inner, '.signature.p7s')).length).toBeGreaterThan(1000)
      const dll = join(inner, 'lib/C%2B%2B.dll')
      expect(await osslsigncodeVerify(dll, rsa.rootFile)).toMatchObject({ ok: true, signatures: 1 })
    } finally {
      await own.close()
    }
  })
})

/** The code, path and message of what planning fails with. */
async function failure(work: DeepWork) {
  return deep.plan(work).then(
    () => undefined,
    ({ code, path, message }) => ({ code, path, message }),
  )
}

const signPe = '<authenticode-sign/>'
const zipOf = (content: string) => `<zip-file>${content}</zip-file>`

describe('planning by an artifact configuration', () => {
  const artifact = { fileName: 'release.zip', bytes: release }

  it.each([
    [
      zipOf(`<pe-file path="README">${signPe}</pe-file>`),
      'FILE_NOT_OF_ELEMENT',
      ['release.zip', 'README'],
      'pe-file path="README" (line 3',
    ],
    [zipOf(`<pe-file path="none.exe">${signPe}</pe-file>`), 'ELEMENT_MATCHES_TOO_FEW', ['release.zip'], 'none.exe'],
    [zipOf(`<pe-file path="deep.dll">${signPe}</pe-file>`), 'ELEMENT_MATCHES_TOO_FEW', ['release.zip'], 'deep.dll'],
    [
      zipOf(`<pe-file path="*.exe">${signPe}</pe-file><pe-file path="app.*">${signPe}</pe-file>`),
      'FILE_MATCHED_TWICE',
      ['release.zip'],
      'app.exe',
    ],
    [
      zipOf(`<pe-file path="app.exe" product-name="Other">${signPe}</pe-file>`),
      'METADATA_MISMATCH',
      ['release.zip', 'app.exe'],
      'it has no product-name',
    ],
    [
      zipOf('<pe-file path="app.exe"><authenticode-verify/><authenticode-sign/></pe-file>'),
      'VERIFICATION_FAILED',
      ['release.zip', 'app.exe'],
      'carries none',
    ],
    [
      zipOf(`<zip-file path="parts/inner.zip"><pe-file path="lib/notes.txt">${signPe}</pe-file></zip-file>`),
      'FILE_NOT_OF_ELEMENT',
      ['release.zip', 'parts/inner.zip', 'lib/notes.txt'],
      'lib/notes.txt',
    ],
    [
      zipOf(`<cab-file path="parts/inner.zip"><pe-file path="a">${signPe}</pe-file></cab-file>`),
      'CONTAINER_NOT_SUPPORTED',
      ['release.zip', 'parts/inner.zip'],
      'cab-file',
    ],
    [
      `<zip-file path="other.zip"><pe-file path="app.exe">${signPe}</pe-file></zip-file>`,
      'ELEMENT_MATCHES_TOO_FEW',
      ['release.zip'],
      'release.zip',
    ],
  ])('refuses %s with a code, the file and the element', async (configuration, code, path, part) => {
    const failed = await failure({ ...artifact, configuration })
    expect(failed).toMatchObject({ code, path, message: expect.stringContaining(part) })
  })
})
