import { describe, expect, it } from 'vitest'
import {
  ContainerMatcher,
  formatConfiguration,
  matchesRoot,
  parseConfiguration,
  type SampleFile,
  suggestConfiguration,
} from '../../../artifacts/configuration/index.ts'
import { signatureFormats } from '../../../signing/formats.ts'
import { configuration, languageRules } from '../../support/artifact-configurations/index.ts'

const supported = { formats: signatureFormats, containers: ['zip-file', 'jar-file'], otherDirectives: [] }

function formatted(document: string): string {
  const result = formatConfiguration(document)
  if (result.kind === 'errors') throw new Error(JSON.stringify(result.errors))
  return result.text
}

/** What a document means, without where it says so. */
function meaningOf(document: string): string {
  const parsed = parseConfiguration(document)
  if (parsed.kind === 'errors') throw new Error(JSON.stringify(parsed.errors))
  const { document: _, warnings, ...others } = parsed.configuration
  const isPlace = (name: string) => ['position', 'line', 'column'].includes(name)
  return JSON.stringify({ ...others, warnings: warnings.length }, (name, value) => (isPlace(name) ? undefined : value))
}

describe('the layout of a configuration', () => {
  it('is one, with comments where they were', () => {
    const document = [
      '<!-- Ours -->',
      '<a:artifact-configuration xmlns:a="http://signpath.io/artifact-configuration/v1" xmlns:o="https://countersign.invalid/artifact-configuration/v1"><a:zip-file>',
      `<a:pe-file-set><!-- two --><a:include path=' a.exe ' /><!-- first --> <a:include path="b&quot;&lt;'.exe"/>`,
      '  <!-- all -->',
      '<a:for-each><a:authenticode-sign o:page-hashes="true" description="A rather long description of a program" description-url="https://example.com/about"></a:authenticode-sign></a:for-each></a:pe-file-set></a:zip-file></a:artifact-configuration><!-- end -->',
    ].join('\n')
    expect(formatted(document)).toBe(`<?xml version="1.0" encoding="utf-8"?>
<!-- Ours -->
<artifact-configuration
    xmlns="http://signpath.io/artifact-configuration/v1"
    xmlns:cs="https://countersign.invalid/artifact-configuration/v1">
  <zip-file>
    <pe-file-set>
      <!-- two -->
      <include path="a.exe"/> <!-- first -->
      <include path="b&quot;&lt;'.exe"/>
      <!-- all -->
      <for-each>
        <authenticode-sign
            cs:page-hashes="true"
            description="A rather long description of a program"
            description-url="https://example.com/about"/>
      </for-each>
    </pe-file-set>
  </zip-file>
</artifact-configuration>
<!-- end -->
`)
  })

  it('changes no meaning, and nothing when it is there already', () => {
    for (const { holds } of languageRules) {
      const text = formatted(holds)
      expect(meaningOf(text)).toBe(meaningOf(holds))
      expect(formatted(text)).toBe(text)
    }
  })

  it('is for configurations', () => {
    expect(formatConfiguration(configuration('<pe-fiel/>'))).toMatchObject({ kind: 'errors', errorCount: 1 })
  })
})

describe('a configuration that is suggested for a sample', () => {
  const file = (path: string, element: string | null, others: Partial<SampleFile> = {}): SampleFile => ({
    path,
    element,
    isSigned: false,
    files: [],
    ...others,
  })
  const libraries = Array.from({ length: 12 }, (_, index) => file(`lib/part${index}.dll`, 'pe-file'))
  const sample = file('release.zip', 'zip-file', {
    files: [
      file('setup-1.2.30.exe', 'pe-file'),
      file('tools[x]\u200b.exe', 'pe-file'),
      file('vendor.exe', 'pe-file', { isSigned: true }),
      file('script.ps1', 'powershell-file'),
      ...libraries,
      file('readme.txt', null),
      file('installer.rpm', 'rpm-file'),
      file('image.tar', 'oci-image-layout-archive-file'),
      file('inner-2.0.zip', 'zip-file', { files: [file('in/a.exe', 'pe-file'), file('b.txt', null)] }),
      file('texts.zip', 'zip-file', { files: [file('c.txt', null)] }),
    ],
  })

  it('signs what can be signed, and says what it leaves alone', () => {
    const { text, left } = suggestConfiguration(sample, supported)
    expect(text).toBe(`<?xml version="1.0" encoding="utf-8"?>
<artifact-configuration xmlns="http://signpath.io/artifact-configuration/v1">
  <zip-file>
    <pe-file-set>
      <include path="setup-*.exe"/>
      <include path="tools[[]x]?.exe"/>
      <include path="lib/*.dll" max-matches="unbounded"/>
      <for-each>
        <authenticode-sign/>
      </for-each>
    </pe-file-set>
    <powershell-file path="script.ps1">
      <authenticode-sign/>
    </powershell-file>
    <zip-file path="inner-*.zip">
      <pe-file path="in/a.exe">
        <authenticode-sign/>
      </pe-file>
    </zip-file>
  </zip-file>
</artifact-configuration>
`)
    expect(left.map(({ path, reason }) => `${path.join(' > ')}: ${reason}`)).toEqual([
      'release.zip > vendor.exe: signed',
      'release.zip > readme.txt: unsignable',
      'release.zip > installer.rpm: unsupported',
      'release.zip > image.tar: unsupported',
      'release.zip > inner-2.0.zip > b.txt: unsignable',
      'release.zip > texts.zip > c.txt: unsignable',
    ])
  })

  it('means the sample that it was made for', () => {
    const parsed = parseConfiguration(suggestConfiguration(sample, supported).text ?? '')
    if (parsed.kind === 'errors') throw new Error(JSON.stringify(parsed.errors))
    const matcher = new ContainerMatcher(parsed.configuration.root.children)
    const unmatched = sample.files.filter(({ path }) => matcher.file(path).match === null).map(({ path }) => path)
    expect(unmatched).toEqual(['vendor.exe', 'readme.txt', 'installer.rpm', 'image.tar', 'texts.zip'])
    expect(matcher.finish().findings).toEqual([])
    expect(matchesRoot(parsed.configuration.root, sample.path)).toBe(true)
  })

  it('is none where nothing can be signed', () => {
    expect(suggestConfiguration(file('a.txt', null), supported)).toEqual({
      text: null,
      left: [{ path: ['a.txt'], reason: 'unsignable' }],
    })
  })
})
