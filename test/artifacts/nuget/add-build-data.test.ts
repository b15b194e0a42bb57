import { chmodSync, writeFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { checkBuildData } from '../../../activities/build-data.ts'
import { openFolderStore } from '../../../artifacts/index.ts'
import { addBuildData, addBuildDataToStored, type PackageBytes } from '../../../artifacts/nuget/index.ts'
import { readPackage } from '../../../artifacts/nuget/read-package.ts'
import { appVeyor, appVeyorPackageData } from '../../../origin/app-veyor/index.ts'
import { appVeyorKeys, appVeyorStandIn } from '../../support/build-systems/app-veyor.ts'
import { connectorTools } from '../../support/build-systems/connector-tools.ts'
import { metadata, nuspec, packed, readByAnother } from '../../support/nuget-package.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { type BuiltEntry, buildZip } from '../../support/zip-builder.ts'

const repository = {
  type: 'git',
  url: 'https://github.com/example/library',
  commit: '5f0c3c3f1a2b4d5e6f708192a3b4c5d6e7f80910',
}
const settings = { name: 'AppVeyorSettings.json', content: Buffer.from('{"version":"1.0.{build}"}\n') }
const bytesOf = (zip: Buffer): PackageBytes => ({
  size: zip.length,
  read: async (position, length) => {
    if (position + length > zip.length) throw new Error(`Read behind the end: ${position} + ${length}.`)
    return zip.subarray(position, position + length)
  },
})

const isSameUrl = (one: string, other: string) => one.replace(/\.git$/, '') === other

async function edit(zip: Buffer): Promise<Buffer> {
  const parts: Uint8Array[] = []
  const edited = await addBuildData(bytesOf(zip), 'Example.1.0.3.nupkg', { repository, settings, isSameUrl })
  for await (const part of edited) parts.push(part)
  return Buffer.concat(parts)
}

describe('what a package says of its build', () => {
  test('another reader finds settings, repository and commit, and every other entry byte for byte', async () => {
    const before = buildZip(packed())
    const after = await edit(before)
    const read = readByAnother(after)
    const unedited = readByAnother(before)
    expect([...read.keys()]).toEqual([...unedited.keys(), settings.name])
    expect(read.get(settings.name)).toBe(settings.content.toString())
    expect(Buffer.from(read.get('Example.nuspec') ?? '', 'latin1').toString()).toBe(
      nuspec(
        `${metadata}\r\n    <repository type="git" url="https://github.com/example/library" commit="${repository.commit}" />`,
      ),
    )

    const raw = async (zip: Buffer) =>
      (await readPackage(bytesOf(zip), 'x'))
        .filter(({ name }) => name !== 'Example.nuspec' && name !== settings.name)
        .map(({ name, start, end, bytes }) => [
          name,
          zip.subarray(start, end),
          bytes.subarray(0, 42),
          bytes.subarray(46),
        ])
    expect(await raw(after)).toEqual(await raw(before))
  })

  test('the same package gives the same bytes', async () => {
    const zip = buildZip(packed())
    expect((await edit(zip)).equals(await edit(zip))).toBe(true)
  })

  test('what a nuspec says already stays; what it leaves out is added to its element', async () => {
    const same = nuspec(
      `${metadata}<repository type="Git" url="https://github.com/example/library.git" branch="main" commit="${repository.commit.toUpperCase()}"/>`,
    )
    expect(readByAnother(await edit(buildZip(packed(same)))).get('Example.nuspec')).toBe(
      Buffer.from(same).toString('latin1'),
    )
    const partial = nuspec(`<repository type='git' branch="a>b"></repository>${metadata}`)
    expect(readByAnother(await edit(buildZip(packed(partial)))).get('Example.nuspec')).toContain(
      `<repository type='git' branch="a>b" url="https://github.com/example/library" commit="${repository.commit}"></repository>`,
    )
  })

  test('a byte order mark stays, and comments and CDATA that look like elements change nothing', async () => {
    const text = `\ufeff${nuspec(`<!-- <metadata><repository url="x"/></metadata> -->${metadata}<releaseNotes><![CDATA[</metadata><repository/>]]></releaseNotes>`)}`
    const edited = Buffer.from(readByAnother(await edit(buildZip(packed(text)))).get('Example.nuspec') ?? '', 'latin1')
    expect([...edited.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
    const element = `\r\n    <repository type="git" url="${repository.url}" commit="${repository.commit}" />`
    expect(edited.toString().replace(element, '')).toBe(text)
  })
})

const renamed = (name: string, more: Partial<BuiltEntry> = {}) =>
  buildZip([...packed(), { name, content: 'x', ...more }])
const named = (inner: string) => buildZip(packed(nuspec(inner)))
const uint32 = (value: number) => Buffer.from(Uint32Array.of(value).buffer)

const hostile: readonly (readonly [what: string, code: string, zip: Buffer])[] = [
  ['no ZIP file', 'NUGET_PACKAGE_MALFORMED', Buffer.from('MZ'.repeat(100))],
  ['an empty file', 'NUGET_PACKAGE_MALFORMED', Buffer.alloc(0)],
  ['a cut file', 'NUGET_PACKAGE_MALFORMED', buildZip(packed()).subarray(0, -1)],
  ['a comment that holds another directory', 'NUGET_PACKAGE_MALFORMED', buildZip(packed(), { comment: 'PK\x05\x06' })],
  ['bytes in front', 'NUGET_PACKAGE_MALFORMED', buildZip([{ ...packed()[0], before: Buffer.from('x') } as BuiltEntry])],
  ['bytes between entries', 'NUGET_PACKAGE_MALFORMED', renamed('a.txt', { before: Buffer.from('PK') })],
  ['bytes in front of the directory', 'NUGET_PACKAGE_MALFORMED', buildZip(packed(), { behindEntries: 'x' })],
  ['a directory of fewer entries than it says', 'NUGET_PACKAGE_MALFORMED', buildZip(packed(), { count: 99 })],
  ['another name in the local header', 'NUGET_PACKAGE_MALFORMED', renamed('a.txt', { localName: 'b.txt' })],
  ['another size in the local header', 'NUGET_PACKAGE_MALFORMED', renamed('a.txt', { localSize: 7 })],
  ['ZIP64 by its locator', 'NUGET_ZIP64_REFUSED', buildZip(packed(), { zip64: true })],
  ['ZIP64 by an entry', 'NUGET_ZIP64_REFUSED', renamed('a.txt', { size: 0xffffffff })],
  ['ZIP64 by an extra field', 'NUGET_ZIP64_REFUSED', renamed('a.txt', { extra: Buffer.from([1, 0, 0, 0]) })],
  ['ZIP64 by its count', 'NUGET_ZIP64_REFUSED', buildZip(packed(), { count: 0xffff })],
  ['an encrypted entry', 'NUGET_ENTRY_ENCRYPTED', renamed('a.txt', { flags: 1 })],
  ['an entry with a masked header', 'NUGET_ENTRY_ENCRYPTED', renamed('a.txt', { flags: 1 << 13 })],
  ['another compression', 'NUGET_COMPRESSION_UNKNOWN', renamed('a.txt', { method: 14 })],
  ['a way out', 'NUGET_ENTRY_NAME_REFUSED', renamed('lib/../../a.dll')],
  ['a way out by backslashes', 'NUGET_ENTRY_NAME_REFUSED', renamed('lib\\..\\..\\a.dll')],
  ['a way out by percent-encoding', 'NUGET_ENTRY_NAME_REFUSED', renamed('lib/%2e%2E%2fa.dll')],
  ['an absolute name', 'NUGET_ENTRY_NAME_REFUSED', renamed('/etc/passwd')],
  ['a name on a drive', 'NUGET_ENTRY_NAME_REFUSED', renamed('C:/a.dll')],
  ['a name with a zero', 'NUGET_ENTRY_NAME_REFUSED', renamed('a.txt\0.dll')],
  ['a name that is not UTF-8', 'NUGET_ENTRY_NAME_REFUSED', renamed('ä.txt', { flags: 0 })],
  ['a second name', 'NUGET_ENTRY_NAME_REFUSED', renamed('a.txt', { extra: Buffer.from([0x75, 0x70, 1, 0, 1]) })],
  ['one name twice', 'NUGET_ENTRY_DUPLICATE', renamed('Example.nuspec')],
  ['one name in other case', 'NUGET_ENTRY_DUPLICATE', renamed('LIB/netstandard2.0/example.DLL')],
  ['one name in another encoding', 'NUGET_ENTRY_DUPLICATE', renamed('content/grüße an.txt')],
  ['a signed package', 'NUGET_PACKAGE_SIGNED', renamed('.signature.p7s')],
  ['settings of its own', 'NUGET_SETTINGS_PRESENT', renamed('appveyorsettings.JSON')],
  ['a second nuspec', 'NUGET_NUSPEC_COUNT', renamed('Other.NuSpec')],
  ['no nuspec in its root', 'NUGET_NUSPEC_COUNT', buildZip([{ name: 'a/Example.nuspec', content: nuspec() }])],
  [
    'a nuspec with another checksum',
    'NUGET_NUSPEC_MALFORMED',
    buildZip([{ name: 'a.nuspec', content: nuspec(), crc32: 7 }]),
  ],
  ['a nuspec that unpacks to too much', 'NUGET_NUSPEC_MALFORMED', buildZip(packed(Buffer.alloc(5_000_000)))],
  ['a nuspec in UTF-16', 'NUGET_NUSPEC_ENCODING', buildZip(packed(Buffer.from(`\ufeff${nuspec()}`, 'utf16le')))],
  ['a nuspec in UTF-16 without a mark', 'NUGET_NUSPEC_ENCODING', buildZip(packed(Buffer.from(nuspec(), 'utf16le')))],
  ['a nuspec in Latin-1', 'NUGET_NUSPEC_ENCODING', buildZip(packed(Buffer.from(nuspec(), 'latin1')))],
  ['a nuspec that says Latin-1', 'NUGET_NUSPEC_ENCODING', buildZip(packed(nuspec().replace('utf-8', 'iso-8859-1')))],
  [
    'a nuspec with a document type',
    'NUGET_NUSPEC_MALFORMED',
    buildZip(packed(nuspec().replace('?>', '?><!DOCTYPE package>'))),
  ],
  ['a nuspec that is no XML', 'NUGET_NUSPEC_MALFORMED', named('<id>')],
  ['two metadata', 'NUGET_NUSPEC_MALFORMED', named(`${metadata}</metadata><metadata>`)],
  [
    'metadata of another case',
    'NUGET_NUSPEC_MALFORMED',
    buildZip(packed(nuspec().replaceAll('metadata>', 'Metadata>'))),
  ],
  ['empty metadata', 'NUGET_NUSPEC_MALFORMED', buildZip(packed('<package><metadata/></package>'))],
  ['two repositories', 'NUGET_NUSPEC_MALFORMED', named(`${metadata}<repository/><repository/>`)],
  ['a repository of another namespace', 'NUGET_NUSPEC_MALFORMED', named(`${metadata}<repository xmlns="urn:x"/>`)],
  [
    'another repository',
    'NUGET_REPOSITORY_DIFFERENT',
    named(`${metadata}<repository url="https://github.com/example/other"/>`),
  ],
  ['another commit', 'NUGET_REPOSITORY_DIFFERENT', named(`${metadata}<repository commit="${'0'.repeat(40)}"/>`)],
  ['an empty commit', 'NUGET_REPOSITORY_DIFFERENT', named(`${metadata}<repository commit=""/>`)],
  ['another type', 'NUGET_REPOSITORY_DIFFERENT', named(`${metadata}<repository type="svn"/>`)],
]

describe('a package out of an AppVeyor build', () => {
  async function built() {
    const server = await appVeyorStandIn([], { artifact: buildZip(packed()) })
    const tools = connectorTools('AppVeyor', server.url, { apiKey: appVeyorKeys.account })
    const question = {
      ...{ artifact: null, claimed: null, signingPolicy: { slug: 'release' } },
      project: { slug: 'library', repositoryUrl: 'https://github.com/example/library' },
      settings: appVeyor.settings.parse({ baseUrl: server.url }),
      build: appVeyor.build.parse({
        ...{
          accountName: 'example',
          projectSlug: 'library',
          buildVersion: '1.0.3',
          buildId: 134173,
          buildJobId: 'j0b1',
        },
      }),
    }
    const { origin } = await appVeyor.verify(question, tools)
    const fetched = await appVeyor.fetchArtifact?.(question, tools)
    if (!origin || !fetched) throw new Error('The build of the stand-in is right.')
    const folder = temporaryFolder()
    const store = await openFolderStore({ path: folder, maximumSize: 10_000_000 })
    onTestFinished(() => store.close())
    const { sha256 } = await store.put(fetched.bytes)
    const data = appVeyorPackageData(origin, Buffer.from(tools.kept.get('settings') ?? ''))
    return { store, data, artifact: { fileName: fetched.fileName, sha256 } }
  }

  test('says in the store which commit it is of, and by which settings it was built', async () => {
    const { store, data, artifact } = await built()
    const { sha256 } = await addBuildDataToStored(store, artifact, data)
    const parts: Uint8Array[] = []
    for await (const part of (await store.open(sha256)).read()) parts.push(part)
    const read = readByAnother(Buffer.concat(parts))
    expect(read.get('Example.nuspec')).toContain(
      `<repository type="git" url="https://github.com/example/library" commit="${repository.commit}" />`,
    )
    expect(JSON.parse(read.get('AppVeyorSettings.json') ?? '')).toMatchObject({
      appVeyor: { accountName: 'example', projectSlug: 'library', buildId: '134173', buildVersion: '1.0.3' },
      repository: { scm: 'git', commitId: repository.commit, branch: 'main' },
      settings: { configuration: { buildMode: 'msbuild' } },
    })
  })

  test('is made again by the signer, which takes no other one', async () => {
    const { store, data, artifact } = await built()
    const made = { fileName: artifact.fileName, ...(await addBuildDataToStored(store, artifact, data)) }
    const { type, url, commit: commitId } = data.repository
    async function* content() {
      yield data.settings.content
    }
    const { sha256 } = await store.put(content())
    const addedBuildData = {
      builtArtifact: { ...artifact, size: 0 },
      repository: { type, url, commitId },
      settings: { fileName: data.settings.name, sha256 },
    }
    const { signal } = new AbortController()
    await checkBuildData(store, { artifact: made, addedBuildData }, { signal })
    await checkBuildData(store, { artifact: null }, { signal })
    const refused = { code: 'BUILD_DATA_NOT_ADDED' }
    const other = { ...made, sha256: artifact.sha256 }
    await expect(checkBuildData(store, { artifact: other, addedBuildData }, { signal })).rejects.toMatchObject(refused)
    const elsewhere = { ...addedBuildData, repository: { ...addedBuildData.repository, commitId: '0'.repeat(40) } }
    await expect(
      checkBuildData(store, { artifact: made, addedBuildData: elsewhere }, { signal }),
    ).rejects.toMatchObject(refused)
  })

  test('is not made of a file that is another one by now', async () => {
    const { store, data, artifact } = await built()
    const { path } = await store.open(artifact.sha256)
    chmodSync(path, 0o600)
    writeFileSync(path, buildZip(packed(nuspec(`${metadata}<owners>Eve</owners>`))))
    await expect(addBuildDataToStored(store, artifact, data)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' })
  })
})

describe('hostile packages are refused', () => {
  test.each(hostile)('%s: %s', async (_what, code, zip) => {
    await expect(edit(zip)).rejects.toMatchObject({ name: 'ArtifactError', code, transient: false })
  })

  test('an entry whose descriptor says another size', async () => {
    const zip = buildZip([...packed(), { name: 'a.txt', content: 'x', descriptor: 'signed' }])
    const at = zip.lastIndexOf(uint32(0x08074b50))
    zip.writeUInt32LE(99, at + 12)
    await expect(edit(zip)).rejects.toMatchObject({ code: 'NUGET_PACKAGE_MALFORMED' })
  })

  test('two entries that share bytes', async () => {
    const zip = buildZip([...packed(), { name: 'a.txt', content: 'x' }, { name: 'b.txt', content: 'x' }])
    const record = zip.lastIndexOf('b.txt')
    zip.writeUInt32LE(zip.readUInt32LE(zip.lastIndexOf('a.txt') - 46 + 42), record - 46 + 42)
    await expect(edit(zip)).rejects.toMatchObject({ code: 'NUGET_PACKAGE_MALFORMED' })
  })
})
