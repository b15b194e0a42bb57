import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type InspectedFile, openedContainers, suggestForSample } from '../../artifacts/index.ts'
import { signatureFormats } from '../../signing/formats.ts'
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
/** The same with a text that is not compressed, so that tests find it. */
const storedRelease = buildZip(
  [
    { name: 'README', content: 'Read me.', isStored: true },
    { name: 'app.exe', content: program, isStored: true },
    { name: 'parts/inner.zip', content: nested, isStored: true },
  ],
  { comment: 'a release' },
)

function flip(bytes: Buffer, at: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ 1
}

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

/** The code, path and message of what planning fails with. */
async function failure(work: DeepWork) {
  return deep.plan(work).then(
    () => undefined,
    ({ code, path, message }) => ({ code, path, message }),
  )
}

const signPe = '<authenticode-sign/>'
const zipOf = (content: string) => `<zip-file>${content}</zip-file>`

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

describe('a zip that was put together', () => {
  it.each([
    ['another byte in an entry that nobody signs', (bytes: Buffer) => flip(bytes, bytes.indexOf('Read me.'))],
    ['another byte in a program that was signed', (bytes: Buffer) => flip(bytes, bytes.indexOf('Read me.') + 400)],
    ['another comment', (bytes: Buffer) => flip(bytes, bytes.length - 1)],
  ])('is thrown away when it has %s than was planned', async (_, change) => {
    const work = { fileName: 'release.zip', bytes: storedRelease, configuration }
    const signing = deep.sign(work, (path) => {
      const bytes = readFileSync(path)
      change(bytes)
      writeFileSync(path, bytes)
    })
    await expect(signing).rejects.toMatchObject({
      code: expect.stringMatching(/^(SIGNATURE_NOT_AS_PLANNED|ARCHIVE_|PE_|AUTHENTICODE_)/),
    })
  })
})

describe('signatures that are files of their own', () => {
  it('stand beside the file that they sign, which stays as it is', async () => {
    const make = `<create-cms-signature output-file-name="\${file.name}.p7s" output-encoding="der"/>`
    const configuration = zipOf(`<file path="README">${make}</file>`)
    const work = { fileName: 'release.zip', bytes: release, configuration }
    const plan = await deep.plan(work)
    expect(plan.find(({ path }) => path.at(-1) === 'README')).toMatchObject({
      outcome: 'signed',
      format: 'file',
      outputs: ['README.p7s'],
      directives: [{ directive: 'create-cms-signature' }],
    })
    const { bytes, files } = await deep.sign(work)
    expect(files).toMatchObject([{ path: ['release.zip'] }, { signatures: [{ directive: 'create-cms-signature' }] }])
    const place = unzipped(bytes)
    const [content, signature] = ['README', 'README.p7s'].map((name) => join(place, name)) as [string, string]
    const verify = ['cms', '-verify', '-binary', '-inform', 'der', '-in', signature, '-content', content]
    execFileSync('openssl', [...verify, '-CAfile', signer.rootFile, '-purpose', 'any', '-out', '/dev/null'])
  })

  it('are refused when their names are taken, in the archive or by one another', async () => {
    const make = '<create-cms-signature output-file-name="APP.exe" output-encoding="der"/>'
    const one = zipOf(`<file path="README">${make}</file>`)
    expect(await failure({ fileName: 'release.zip', bytes: release, configuration: one })).toMatchObject({
      code: 'OUTPUT_NAME_TAKEN',
      path: ['release.zip', 'README'],
    })
  })
})

describe('a JAR file with a program in it', () => {
  it('is put together again, signed as a whole, and verified by jarsigner', async () => {
    const jar = buildZip([
      { name: 'META-INF/MANIFEST.MF', content: 'Manifest-Version: 1.0\r\n\r\n' },
      { name: 'Main.class', content: 'class' },
      { name: 'native/lib.dll', content: library },
    ])
    const configuration = `<jar-file><pe-file path="native/*.dll">${signPe}</pe-file><jar-sign/></jar-file>`
    const { bytes, plan } = await deep.sign({ fileName: 'app.jar', bytes: jar, configuration })
    expect(plan[0]).toMatchObject({ outcome: 'signed', directives: [{ directive: 'jar-sign', contentDigests: [] }] })
    const path = join(folder, 'signed.jar')
    writeFileSync(path, bytes)
    const dll = join(unzipped(bytes), 'native/lib.dll')
    expect(await osslsigncodeVerify(dll, signer.rootFile)).toMatchObject({ ok: true, signatures: 1 })
    expect(execFileSync('jarsigner', ['-verify', path], { encoding: 'utf8' })).toContain('jar verified')
  })
})

it('says of each signature that has no place for a time-stamp that it is made without, where the policy demands them', async () => {
  const bytes = buildZip([
    { name: 'app.exe', content: program },
    { name: 'data.xml', content: '<r/>' },
  ])
  const configuration =
    '<zip-file><pe-file path="app.exe"><authenticode-sign/></pe-file><xml-file path="data.xml"><xml-sign/></xml-file></zip-file>'
  const warned = async (timestamp: 'required' | 'none') =>
    (await deep.plan({ fileName: 'a.zip', bytes, configuration, facts: { timestamp } })).flatMap(
      (node) => node.warnings ?? [],
    )
  expect(await warned('required')).toEqual([
    'The signature by xml-sign carries no time-stamp: it has no place for one.',
  ])
  expect(await warned('none')).toEqual([])
})

describe('a dry run', () => {
  it('finds all that is wrong, and looks at files that no element means', async () => {
    const configuration = zipOf(
      `<pe-file path="README">${signPe}</pe-file><pe-file path="none.exe">${signPe}</pe-file><pe-file path="app.exe">${signPe}</pe-file>`,
    )
    const { problems, files } = await deep.dryRun({ fileName: 'release.zip', bytes: release, configuration })
    expect(problems.map(({ code }) => code)).toEqual(['ELEMENT_MATCHES_TOO_FEW', 'FILE_NOT_OF_ELEMENT'])
    expect(files.find(({ path }) => path.at(-1) === 'app.exe')).toMatchObject({ outcome: 'signed' })
  })

  it('and an inspection open what is in a file, and a suggestion signs it', async () => {
    const inspected = await deep.inspect('release.zip', release)
    const names = (files: readonly InspectedFile[]): unknown[] =>
      files.map(({ name, format, files: inside }) => (inside.length > 0 ? [name, names(inside)] : [name, format]))
    const inner = [
      ['lib/deep.dll', 'pe'],
      ['lib/notes.txt', null],
    ]
    expect(names(inspected.files)).toEqual([
      ['README', null],
      ['app.exe', 'pe'],
      ['parts/inner.zip', inner],
      ['parts/other.zip', inner],
    ])
    const { text } = suggestForSample(inspected, {
      formats: signatureFormats,
      containers: [...openedContainers],
      otherDirectives: [],
    })
    const document = text ?? ''
    const suggested = document.slice(document.indexOf('<zip-file'), document.indexOf('</artifact-configuration>'))
    const plan = await deep.plan({ fileName: 'release.zip', bytes: release, configuration: suggested })
    expect(plan.filter(({ outcome }) => outcome === 'signed').map(({ path }) => path.at(-1))).toEqual([
      'app.exe',
      'lib/deep.dll',
      'lib/deep.dll',
    ])
  })
})

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
