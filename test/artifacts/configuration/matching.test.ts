import { describe, expect, it } from 'vitest'
import { ContainerMatcher, matchesRoot, parseConfiguration } from '../../../artifacts/configuration/index.ts'
import { configuration, inZip } from '../../support/artifact-configurations/index.ts'

function rootOf(document: string) {
  const parsed = parseConfiguration(document)
  if (parsed.kind === 'errors') throw new Error(JSON.stringify(parsed.errors))
  return parsed.configuration.root
}

/** What the elements in a zip-file mean of some files, and what does not fit. */
function match(elements: string, files: readonly string[], folders: readonly string[] = []) {
  const matcher = new ContainerMatcher(rootOf(inZip(elements)).children)
  for (const each of folders) matcher.folder(each)
  const matched = files.filter((each) => matcher.file(each).match !== null)
  const { findings, ...others } = matcher.finish()
  return { matched, findings: findings.map(({ code, message }) => `${code} ${message}`), ...others, raw: findings }
}

/** Whether a path means a file. */
function means(path: string, file: string): boolean {
  return match(`<pe-file path="${path}" min-matches="0" max-matches="unbounded"/>`, [file]).matched.length === 1
}

describe('a path', () => {
  it.each([
    ['a*.exe', 'a.exe', 'bin/a.exe'],
    ['a*.exe', 'a-1.2.exe', 'a/.exe'],
    ['*', 'a', 'a/b'],
    ['a?c', 'abc', 'ac'],
    ['a?c', 'a\u{1f600}c', 'a/c'],
    ['[abc].dll', 'b.dll', 'd.dll'],
    ['[a-c].dll', 'B.dll', 'd.dll'],
    ['[A-C].dll', 'b.dll', 'd.dll'],
    ['[!a-c].dll', 'd.dll', 'B.dll'],
    ['[!abc]x', '-x', '/x'],
    ['[a-]x', '-x', 'bx'],
    ['[]]x', ']x', '[x'],
    ['[*]x', '*x', 'ax'],
    ['**/*.dll', 'a.dll', 'a.dll/b'],
    ['**/*.dll', 'a/b/c.dll', 'a/b/c.exe'],
    ['a/**/b', 'a/b', 'a/b/c'],
    ['a/**/b', 'a/x/y/b', 'x/a/b'],
    ['a/**', 'a/b/c', 'ab/c'],
    ['**/a/**/b/*', 'x/a/y/b/b/c', 'x/a/y/b'],
    ['a/b', 'A\\B', 'a-b'],
    ['a\\b', 'a/b', 'a\\\\b\\c'],
    ['./a', 'a', './b'],
    ['\u00e4', '\u00c4', 'a'],
    ['stra\u00dfe', 'STRA\u00dfE', 'STRASSE'],
    ['file', 'FILE', 'f\u0131le'],
    ['kelvin', 'KELVIN', '\u212aelvin'],
    ['is', 'IS', 'i\u017f'],
    ['\u0130', '\u0130', 'i'],
  ])('%s means %s, and not %s', (path, file, other) => {
    expect(means(path, file)).toBe(true)
    expect(means(path, other)).toBe(false)
  })

  it('takes time by the product of both lengths at the most', () => {
    const matcher = new ContainerMatcher(
      rootOf(inZip(`<pe-file path="${'*a'.repeat(400)}*b*" min-matches="0"/>`)).children,
      {
        work: 20_000,
      },
    )
    expect(() => {
      for (let count = 0; count < 100; count++) matcher.file('a'.repeat(30_000))
    }).toThrow(expect.objectContaining({ code: 'MATCHING_LIMIT' }))
    expect(() => matcher.file('a/'.repeat(600))).toThrow(expect.objectContaining({ code: 'MATCHING_LIMIT' }))
  })

  it('of the artifact itself means its file name', () => {
    const root = rootOf(configuration('<msi-file path="product.v*.msi"/>'))
    expect(matchesRoot(root, 'Product.V1.msi')).toBe(true)
    expect(matchesRoot(root, 'product.msi')).toBe(false)
    expect(matchesRoot(rootOf(configuration('<msi-file/>')), 'anything')).toBe(true)
  })
})

describe('the elements of a container', () => {
  it('mean the same by folders around them as by folders in their paths', () => {
    const files = ['a/b/c.exe', 'A\\B\\d.exe', 'a/c.exe', 'b/c.exe']
    const inPath = match('<pe-file path="a/b/*.exe" max-matches="2"/>', files)
    const around = match('<directory path="A\\b"><pe-file path="*.exe" max-matches="2"/></directory>', files)
    const nested = match(
      '<directory path="a"><directory path="."><directory path="b"><pe-file path="*.exe" max-matches="2"/></directory></directory></directory>',
      files,
    )
    for (const { matched, findings } of [inPath, around, nested]) {
      expect(matched).toEqual(['a/b/c.exe', 'A\\B\\d.exe'])
      expect(findings).toEqual([])
    }
  })

  it('count in each folder by itself', () => {
    const folders = '<directory path="part*" max-matches="unbounded"><pe-file path="main.exe"/></directory>'
    expect(match(folders, ['part1/main.exe', 'part2/MAIN.exe', 'part2/x/main.exe'])).toMatchObject({
      matched: ['part1/main.exe', 'part2/MAIN.exe'],
      findings: [],
    })
    expect(match(folders, ['part1/main.exe', 'part2/other.txt']).findings).toEqual([
      'ELEMENT_MATCHES_TOO_FEW pe-file path="main.exe" (line 3, column 49) means no file in part2, and must mean 1.',
    ])
  })

  it('mean folders that hold no files where the container lists them', () => {
    expect(match('<directory path="a/b"/>', [], ['a\\b\\']).findings).toEqual([])
    expect(match('<directory path="a/b"/>', ['a/c']).findings).toHaveLength(1)
  })

  it('say which folders have directives, the container itself too', () => {
    const { folders } = match(
      '<directory path="."><clickonce-sign/></directory><directory path="a"/><directory-set><include path="b*"/><for-each><clickonce-sign/></for-each></directory-set>',
      ['a/x', 'bc/x'],
    )
    expect(folders.map(({ folder, path }) => [folder, path.path])).toEqual([
      ['', '.'],
      ['bc', 'b*'],
    ])
  })

  it('refuse a file that two of them mean, or two includes', () => {
    const two = match('<pe-file path="a.exe"/><directory path="."><pe-file path="*.exe"/></directory>', ['a.exe'])
    expect(two.findings).toEqual([
      'FILE_MATCHED_TWICE a.exe is meant by pe-file path="a.exe" (line 3, column 1) and by pe-file path="*.exe" (line 3, column 44): a file can be meant by one element only.',
    ])
    const includes = match('<pe-file-set><include path="*.dll"/><include path="a.*"/><for-each/></pe-file-set>', [
      'a.dll',
    ])
    expect(includes.raw.map(({ code }) => code)).toEqual(['FILE_MATCHED_TWICE'])
  })

  it('take one file by one element once, whichever folders lead to it', () => {
    const { findings } = match(
      '<directory path="**" max-matches="unbounded"><pe-file path="**/a.exe" min-matches="0"/></directory>',
      ['x/y/a.exe'],
    )
    expect(findings).toEqual([])
  })

  it('hand restrictions and options on as they are written', () => {
    const root = rootOf(
      inZip(
        '<directory path="in" cs:refuse-unsigned="scripts"><pe-file-set product-name="p" file-version="1"><include path="a" file-version="2"/><include path="b"/><for-each/></pe-file-set></directory>',
      ),
    )
    const matcher = new ContainerMatcher(root.children, { refuseUnsigned: ['programs'] })
    expect(matcher.file('in/a').match?.path.restrictions).toEqual({ 'product-name': 'p', 'file-version': '2' })
    expect(matcher.file('in/b').match?.path.restrictions).toEqual({ 'product-name': 'p', 'file-version': '1' })
    expect(matcher.file('in/x/c')).toEqual({ match: null, refuseUnsigned: ['scripts'] })
    expect(matcher.file('c')).toEqual({ match: null, refuseUnsigned: ['programs'] })
  })
})

describe('numbers of matches that do not fit', () => {
  it('name what came near, the nearest first', () => {
    const { raw, findings } = match('<pe-file path="bin/setup.exe"/>', [
      'setup.zip',
      'out/bin/Setup.exe',
      'bin/setpu.exe',
      'other.exe',
      'lib/setup.exe',
      'readme.txt',
    ])
    expect(raw[0]?.nearMatches).toEqual([
      { path: 'out/bin/Setup.exe', reason: 'oneLevelDeeper' },
      { path: 'lib/setup.exe', reason: 'otherFolder' },
      { path: 'bin/setpu.exe', reason: 'similarName' },
      { path: 'other.exe', reason: 'sameEnding' },
      { path: 'setup.zip', reason: 'inContainer' },
    ])
    expect(findings[0]).toBe(
      'ELEMENT_MATCHES_TOO_FEW pe-file path="bin/setup.exe" (line 3, column 1) means no file, and must mean 1. out/bin/Setup.exe would match one folder further down; lib/setup.exe has the name in another folder; bin/setpu.exe has a similar name; other.exe has the same ending; setup.zip is a container that may hold it.',
    )
  })

  it('of folders name folders', () => {
    const { raw } = match('<directory path="resources"/>', ['app/Resources/a', 'resource/b', 'x'])
    expect(raw[0]?.nearMatches).toEqual([
      { path: 'app/Resources', reason: 'oneLevelDeeper' },
      { path: 'resource', reason: 'similarName' },
    ])
  })

  it('list what there is too much of', () => {
    expect(match('<pe-file path="*.exe"/>', ['a.exe', 'b.exe']).findings).toEqual([
      'ELEMENT_MATCHES_TOO_MANY pe-file path="*.exe" (line 3, column 1) means 2 files, and must mean 1. They are: a.exe, b.exe. Say max-matches when so many are meant.',
    ])
  })

  it('are counted, and the first hundred told', () => {
    const paths = Array.from({ length: 150 }, (_, index) => `<pe-file path="gone-${index}.exe"/>`).join('')
    const { raw, findingCount } = match(paths, ['here.exe'])
    expect([raw.length, findingCount]).toEqual([100, 150])
  })
})
