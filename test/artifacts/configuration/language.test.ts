import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import {
  directiveRules,
  directivesOf,
  elementRules,
  parseConfiguration,
  publishedSchema,
} from '../../../artifacts/configuration/index.ts'
import { signatureFormats } from '../../../signing/formats.ts'
import { languageRules } from '../../support/artifact-configurations/index.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** `line:column CODE message` of each error. */
function errorsOf(document: string): string[] {
  const parsed = parseConfiguration(document)
  if (parsed.kind === 'configuration') return []
  expect(parsed.errorCount).toBe(parsed.errors.length)
  return parsed.errors.map(({ line, column, code, message }) => `${line}:${column} ${code} ${message}`)
}

describe('the language of artifact configurations', () => {
  it.each(languageRules.map((each) => [each.rule, each] as const))('%s', (_rule, { holds, breaks, error }) => {
    expect(errorsOf(holds)).toEqual([])
    expect(errorsOf(breaks)).toEqual([error])
  })

  it('knows every element and directive of its tables', () => {
    const said = languageRules.map(({ holds }) => holds).join('\n')
    const names = [...elementRules.keys(), ...directiveRules.keys()]
    expect(names.filter((name) => !new RegExp(`<${name}[\\s/>]`).test(said))).toEqual(
      // These stand for files as others do, and have no rules of their own.
      ['powershell-file', 'windows-script-file', 'cab-file', 'catalog-file', 'appx-file', 'msix-file'],
    )
  })

  it('has each attribute of each directive in a document that is right', () => {
    const said = languageRules.map(({ holds }) => holds).join('\n')
    const unsaid = [...directiveRules.values()].flatMap(({ name, attributes }) =>
      Object.keys(attributes)
        .filter((attribute) => !new RegExp(`<${name} [^>]*\\b${attribute}=`).test(said))
        .map((attribute) => `${name} ${attribute}`),
    )
    expect(unsaid).toEqual(['gpg-verify signature-file-name'])
  })

  it('has every directive of every format, in the elements that the format serves', () => {
    const missing = signatureFormats.flatMap(({ name, elements, directives }) =>
      elements.flatMap((element) => {
        const rule = elementRules.get(element)
        const known = rule === undefined ? [] : directivesOf(rule)
        return directives.filter((each) => !known.includes(each.name)).map((each) => `${name}: ${element} ${each.name}`)
      }),
    )
    expect(missing).toEqual([])
  })

  it('has the attributes of the formats, with their defaults', () => {
    const different = signatureFormats.flatMap(({ directives }) =>
      directives.flatMap(({ name, attributes }) => {
        const known = directiveRules.get(name)?.attributes ?? {}
        return Object.entries(attributes.shape).flatMap(([attribute, schema]) => {
          type Parsed = { readonly success: boolean; readonly data?: unknown }
          const { success, data } = (schema as { safeParse(value: unknown): Parsed }).safeParse(undefined)
          const rule = known[attribute]
          // What may be absent in plans of earlier releases is off without being said so.
          const isSame = rule?.default === data || (success && data === undefined && rule?.default === false)
          return rule !== undefined && isSame ? [] : [`${name} ${attribute}`]
        })
      }),
    )
    expect(different).toEqual([])
  })
})

describe('the published schema', () => {
  it('takes and refuses the same documents by another validator, but for what XML Schema cannot say', async () => {
    const folder = temporaryFolder()
    const schema = join(folder, 'schema.xsd')
    writeFileSync(schema, publishedSchema())
    const files = languageRules.flatMap(({ holds, breaks }, index) =>
      Object.entries({ holds, breaks }).map(([kind, document]) => {
        const path = join(folder, `${index}-${kind}.xml`)
        writeFileSync(path, document)
        return path
      }),
    )
    const options = { maxBuffer: 2 ** 24 }
    const told = await promisify(execFile)(
      'xmllint',
      ['--noout', '--nonet', '--schema', schema, ...files],
      options,
    ).catch((failed: { stderr: string }) => failed)
    const valid = new Set([...told.stderr.matchAll(/\/([^/\n]+)\.xml validates$/gm)].map(([, name]) => name))
    const refused = languageRules.filter((_, index) => !valid.has(`${index}-holds`)).map(({ rule }) => rule)
    const taken = languageRules.filter((_, index) => valid.has(`${index}-breaks`)).map(({ rule }) => rule)
    expect(refused).toEqual([])
    expect(taken).toEqual(languageRules.filter((each) => each.schemaIsSilent).map(({ rule }) => rule))
  })
})
