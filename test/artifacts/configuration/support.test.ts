import { describe, expect, it } from 'vitest'
import { findUnsupported, parseConfiguration, type SupportedLanguage } from '../../../artifacts/configuration/index.ts'
import { detachedFormat } from '../../../signing/detached-signatures.ts'
import { signatureFormats } from '../../../signing/formats.ts'
import { configuration, inZip } from '../../support/artifact-configurations/index.ts'

const supported: SupportedLanguage = {
  formats: [...signatureFormats, detachedFormat],
  containers: ['zip-file', 'jar-file', 'nupkg-file'],
  otherDirectives: ['authenticode-verify'],
}

function unsupported(document: string, language = supported): string[] {
  const parsed = parseConfiguration(document)
  if (parsed.kind === 'errors') throw new Error(JSON.stringify(parsed.errors))
  return findUnsupported(parsed.configuration, language).map(
    ({ line, column, code, message }) => `${line}:${column} ${code} ${message}`,
  )
}

describe('what this release cannot carry out', () => {
  it('is nothing of what it can', () => {
    const raw = '<file path="b"><create-raw-signature output-file-name="b.sig" hash-algorithm="sha256"/></file>'
    const program = '<pe-file path="a"><authenticode-verify/><authenticode-sign append="true"/></pe-file>'
    expect(unsupported(inZip(`<directory path="x">${program}${raw}</directory>`))).toEqual([])
  })

  it('are elements and directives of formats that come later, each with its place', () => {
    expect(
      unsupported(inZip('<rpm-file path="a"><rpm-sign/></rpm-file>\n<jar-file path="b">\n<jar-verify/></jar-file>')),
    ).toEqual([
      '3:1 DIRECTIVE_NOT_SUPPORTED This release does not know files of the kind rpm-file yet.',
      '5:1 DIRECTIVE_NOT_SUPPORTED This release cannot carry out jar-verify in jar-file yet.',
    ])
    expect(unsupported(configuration('<zip-file><include-in-provenance/></zip-file>'))).toHaveLength(1)
  })

  it('are containers that it cannot open', () => {
    const { containers: _, ...others } = supported
    const document = configuration('<jar-file><jar-file path="a"/></jar-file>')
    expect(unsupported(document, { ...others, containers: [] })).toEqual([
      '2:1 DIRECTIVE_NOT_SUPPORTED This release cannot open a jar-file yet, so nothing in it can be signed.',
    ])
  })

  it('are values that a format does not take', () => {
    const sign = (attributes: string) => configuration(`<nupkg-file><nuget-sign ${attributes}/></nupkg-file>`)
    expect(unsupported(configuration('<pe-file><authenticode-sign hash-algorithm="sha1"/></pe-file>'))).toEqual([
      '2:10 DIRECTIVE_NOT_SUPPORTED This release does not support hash-algorithm="sha1" of authenticode-sign; it supports: sha256, sha384, sha512.',
    ])
    expect(unsupported(sign('cs:signature-type="repository"'))).toEqual([
      '2:13 ARTIFACT_CONFIGURATION_VALUE nuget-sign is wrong: a signature of the type repository needs service-index-url.',
    ])
  })

  it('are not sought in what depends on parameters', () => {
    const parameters = '<parameters><parameter name="hash"/></parameters>'
    expect(
      unsupported(configuration(`${parameters}<pe-file><authenticode-sign hash-algorithm="\${hash}"/></pe-file>`)),
    ).toEqual([])
  })
})
