import { describe, expect, it, onTestFinished } from 'vitest'
import {
  parseConfiguration,
  parseInThread,
  resolveParameters,
  withFileName,
} from '../../../artifacts/configuration/index.ts'
import { FilePasses } from '../../../signing/file-passes/index.ts'
import { configuration, inZip } from '../../support/artifact-configurations/index.ts'

function codesOf(document: string | Uint8Array): string[] {
  const parsed = parseConfiguration(document)
  return parsed.kind === 'errors' ? parsed.errors.map(({ code }) => code) : []
}

function read(document: string) {
  const parsed = parseConfiguration(document)
  if (parsed.kind === 'errors') throw new Error(JSON.stringify(parsed.errors))
  return parsed.configuration
}

describe('reading an artifact configuration', () => {
  it('finds all errors of a document at once, in their order', () => {
    const parsed = parseConfiguration(
      inZip('<pe-file><jar-sign/>\r\n  <authenticode-sign append="no"/>\r\n</pe-file> text\r<pe-fil path="a"/>'),
    )
    expect(
      parsed.kind === 'errors' && parsed.errors.map(({ line, column, code }) => `${line}:${column} ${code}`),
    ).toEqual([
      '3:1 ARTIFACT_CONFIGURATION_ATTRIBUTE_MISSING',
      '3:10 ARTIFACT_CONFIGURATION_ELEMENT_MISPLACED',
      '4:22 ARTIFACT_CONFIGURATION_VALUE',
      '5:12 ARTIFACT_CONFIGURATION_TEXT',
      '6:1 ARTIFACT_CONFIGURATION_ELEMENT_UNKNOWN',
    ])
  })

  it('tells the first hundred errors, and how many there are', () => {
    const parsed = parseConfiguration(inZip('<pe-file/>'.repeat(5000)))
    expect(parsed).toMatchObject({ kind: 'errors', errorCount: 5000 })
    expect(parsed.kind === 'errors' && parsed.errors.length).toBe(100)
  })

  it('takes a mark of UTF-8 at the beginning, and trims values', () => {
    const bytes = Buffer.from(`\ufeff<?xml version="1.0" encoding="utf-8"?>${inZip('<pe-file path="\n a \t"/>')}`)
    const parsed = parseConfiguration(bytes)
    expect(parsed.kind === 'configuration' && parsed.configuration.root.children[0]?.paths[0]?.path).toBe('a')
  })

  it('warns of parameters that nothing refers to', () => {
    const { warnings } = read(configuration('<parameters><parameter name="build"/></parameters><pe-file/>'))
    expect(warnings).toMatchObject([{ code: 'PARAMETER_UNUSED', line: 2, column: 13 }])
  })

  it('answers with plain data', () => {
    const known = read(inZip('<pe-file-set><include path="a"/><for-each><authenticode-sign/></for-each></pe-file-set>'))
    expect(structuredClone(known)).toEqual(known)
  })

  const nested = (count: number) => '<zip-file path="a">'.repeat(count)
  it.each<[string, string | Uint8Array, string]>([
    ['UTF-16', Buffer.from(`\ufeff${inZip('')}`, 'utf16le'), 'ENCODING'],
    ['UTF-16 without a mark', Buffer.from(inZip(''), 'utf16le'), 'MALFORMED'],
    ['bytes that are not UTF-8', Buffer.from([...Buffer.from(inZip('')), 0xff]), 'ENCODING'],
    ['half a character', inZip('<pe-file path="\ud800"/>'), 'ENCODING'],
    ['U+0000', inZip('<pe-file path="\0"/>'), 'MALFORMED'],
    ['U+0000 by its number', inZip('<pe-file path="&#0;"/>'), 'MALFORMED'],
    ['a control character', inZip('<pe-file path="\u0001"/>'), 'MALFORMED'],
    ['a second mark', `\ufeff\ufeff${inZip('')}`, 'INVISIBLE'],
    ['entities in entities', `<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]>${inZip('&b;')}`, 'DOCUMENT_TYPE'],
    [
      'a file of others as an entity',
      `<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>${inZip('&a;')}`,
      'DOCUMENT_TYPE',
    ],
    ['more than 1 MiB', inZip(' '.repeat(2 ** 20)), 'TOO_LARGE'],
    ['100,000 elements in each other', inZip(nested(50_000)), 'TOO_DEEP'],
    ['100,000 elements beside each other', inZip('<a/>'.repeat(100_000)), 'TOO_MANY'],
    [
      'too many paths',
      inZip(Array.from({ length: 2001 }, (_, index) => `<pe-file path="${index}"/>`).join('')),
      'TOO_MANY',
    ],
    [
      'a megabyte of attributes',
      inZip(`<pe-file ${Array.from({ length: 80_000 }, (_, index) => `a${index}=""`).join(' ')}/>`),
      'ATTRIBUTE_UNKNOWN',
    ],
    ['a megabyte of one attribute', inZip(`<pe-file path="${'*'.repeat(1_000_000)}"/>`), 'VALUE'],
    ['a tag without an end', `<a ${'b'.repeat(1_000_000)}`, 'MALFORMED'],
    ['nothing', '', 'MALFORMED'],
    ['two roots', `${inZip('')}<a/>`, 'MALFORMED'],
  ])('refuses %s', (_what, document, code) => {
    expect(codesOf(document)[0]).toBe(`ARTIFACT_CONFIGURATION_${code}`)
  })

  it('happens in a thread for documents of others', async () => {
    const passes = new FilePasses(1)
    onTestFinished(() => passes.close())
    const document = inZip('<pe-file path="a"/>')
    expect(await parseInThread(document, { passes })).toEqual(parseConfiguration(document))
    expect(await parseInThread(Buffer.from('<'), { passes })).toMatchObject({ kind: 'errors', errorCount: 1 })
  })
})

describe('parameters', () => {
  const declared = configuration(
    [
      '<parameters><parameter name="version" required="true"/><parameter name="max" default-value="1"/></parameters>',
      `<zip-file path="product-\${version}.zip"><pe-file path="\${version}/a-*.exe" max-matches="\${max}" product-version="\${version}">`,
      `<authenticode-sign append="\${max}" description="\${file.name} \${version}"/></pe-file></zip-file>`,
    ].join('\n'),
  )
  const resolve = (given: Readonly<Record<string, string>>) => {
    const resolved = resolveParameters(read(declared), given)
    if (resolved.kind === 'errors')
      return resolved.errors.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`)
    const [program] = resolved.configuration.root.children
    return {
      zip: resolved.configuration.root.paths[0]?.path,
      ...program?.paths[0],
      attributes: program?.directives[0]?.attributes,
    }
  }

  it('are put in wherever they are referred to, with the types of the attributes', () => {
    expect(resolve({ version: ' 1.2 ', max: '1' })).toMatchObject({
      zip: 'product-1.2.zip',
      path: '1.2/a-*.exe',
      maxMatches: 1,
      restrictions: { 'product-version': '1.2' },
      attributes: { append: true, description: `\${file.name} 1.2` },
    })
  })

  it('are no wildcards in paths, and no way out of them', () => {
    expect(resolve({ version: '*[!a]?' })).toMatchObject({ path: '[*][[]!a][?]/a-*.exe' })
    expect(resolve({ version: '..' })).toEqual([
      '3:50 PARAMETER_INVALID path="../a-*.exe" leads out of its container: .. is no name.',
    ])
  })

  it('are refused when nothing takes them, when they are missing, and when they cannot be what they are', () => {
    expect(resolve({ version: '1', verion: '1', constructor: '1' })).toEqual([
      '1:1 PARAMETER_UNKNOWN The artifact configuration has no parameter "verion"; it has: version, max. Is version meant?',
      '1:1 PARAMETER_UNKNOWN The artifact configuration has no parameter "constructor"; it has: version, max.',
    ])
    expect(resolve({})).toEqual(['2:13 PARAMETER_MISSING The parameter version needs a value.'])
    expect(resolve({ version: ' ' })).toEqual(['2:13 PARAMETER_MISSING The parameter version needs a value.'])
    expect(resolve({ version: 'a\u202eb' })).toEqual([
      '2:13 PARAMETER_INVALID The value "a\u202eb" of the parameter version has U+202E at character 2, which nobody sees.',
    ])
    expect(resolve({ version: `\${file.name}` })).toHaveLength(1)
    expect(resolve({ version: '1', max: '2' })).toEqual(['4:20 PARAMETER_INVALID append="2" must be true or false.'])
    expect(resolve({ version: 'a/b' })).toEqual([
      '3:11 PARAMETER_INVALID path="product-a/b.zip" must be a file name without folders: it is the artifact itself.',
    ])
  })

  it('leave the name of the file to whoever has the file', () => {
    expect(withFileName(`\${ file.name }.sig of \${a}`, '$&.exe')).toBe(`$&.exe.sig of \${a}`)
  })
})
