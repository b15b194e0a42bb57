import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Document, parseDocument } from 'yaml'
import { parseConfiguration } from '../../proxy/config/parse.ts'
import { proxyConfigurationSchema } from '../../proxy/index.ts'

const docs = join(import.meta.dirname, '../../docs')
const page = readFileSync(join(docs, 'authentication-proxy.md'), 'utf8')
const [, example = ''] = /```yaml\n( *listen:[\s\S]*?)```/.exec(page) ?? []

describe('the configuration of a proxy', () => {
  it('is as the page shows it', () => {
    expect(parseConfiguration(example, 'proxy.yaml')).toMatchObject({
      ruleSets: [{ name: 'release-nodes', issuers: ['issuing-ca.pem'], extendedKeyUsages: ['clientAuth'] }],
    })
  })

  it('has its JSON Schema in docs/', () => {
    expect(JSON.parse(readFileSync(join(docs, 'authentication-proxy.schema.json'), 'utf8'))).toEqual(
      proxyConfigurationSchema(),
    )
  })

  it.each<[string, (configuration: Document) => void, RegExp]>([
    [
      'a template without issuers',
      (document) => document.deleteIn(['ruleSets', 0, 'issuers']),
      /line 37, column 16: ruleSets\[0\]\.template: needs issuers/,
    ],
    [
      'a key that is not known',
      (document) => document.setIn(['ruleSets', 0, 'tokn'], 1),
      /line \d+, column \d+: ruleSets\[0\]\.tokn: is not known here/,
    ],
    [
      'a condition that says nothing',
      (document) => document.setIn(['ruleSets', 0, 'subject'], { all: [{ part: 'CN' }] }),
      /subject\.all\[0\]: must say either/,
    ],
    [
      'a mode that is none',
      (document) => document.setIn(['ruleSets', 0, 'authorities', 0, 'crl', 'mode'], 'firm'),
      /authorities\[0\]\.crl\.mode/,
    ],
    [
      'two rule sets of one name',
      (document) => document.addIn(['ruleSets'], document.getIn(['ruleSets', 0])),
      /ruleSets: must have names that differ/,
    ],
    [
      'a service without TLS',
      (document) => document.setIn(['service', 'url'], 'http://signing.example.com'),
      /service\.url: must begin with https:/,
    ],
    [
      'a version without an id',
      (document) => document.setIn(['ruleSets', 0, 'template'], { name: 'Node', majorVersion: 1 }),
      /versions go with an id/,
    ],
  ])('is refused with its place: %s', (_, spoil, expected) => {
    const configuration = parseDocument(example)
    spoil(configuration)
    expect(() => parseConfiguration(JSON.stringify(configuration, undefined, 1), 'proxy.yaml')).toThrow(
      expect.objectContaining({ code: 'PROXY_CONFIGURATION_INVALID', message: expect.stringMatching(expected) }),
    )
  })

  it.each(['a: [', 'a: 1\na: 2', 'a: &x 1\nb: *x', '- 1', ''])('is refused where it is no document: %j', (text) => {
    expect(() => parseConfiguration(text, 'proxy.yaml')).toThrow(
      expect.objectContaining({ code: 'PROXY_CONFIGURATION_INVALID' }),
    )
  })
})
