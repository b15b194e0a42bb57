import { execFile } from 'node:child_process'
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  directiveRules,
  elementRules,
  formatConfiguration,
  parseConfiguration,
  publishedSchema,
  resolveParameters,
} from '../../../artifacts/configuration/index.ts'
import { languageRules } from '../../support/artifact-configurations/index.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { mutateBytes } from '../mutation/bytes.ts'
import { askAnother } from '../second-opinion.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

/**
 * Artifact configurations, as whoever may change a project writes them: each is read, or refused with codes and places in the document.
 * What is read is written again without another meaning, and another validator takes it by the published schema.
 */
export const target: FuzzTarget = {
  name: 'artifact-configuration',
  shortCount: 150,
  async run(request) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'countersign-fuzz-'))
    const schema = join(folder.path, 'schema.xsd')
    await writeFile(schema, publishedSchema())
    const validator = askAnother(folder.path, 'xmllint', (path) =>
      promisify(execFile)('xmllint', ['--noout', '--nonet', '--schema', schema, path]).then(
        ({ stderr }) => ({ ok: true, output: stderr }),
        ({ stderr }: { stderr: string }) => ({ ok: false, output: stderr }),
      ),
    )
    const report = await fuzzInputs(request, async (random, seed) => {
      const input = makeDocument(random)
      const outcome = tryDocument(input, seed)
      if (outcome === 'configuration') await validator.ask(seed, input, input)
      return outcome
    })
    await validator.settle()
    return report
  },
}

function tryDocument(input: Buffer, seed: number): string {
  const fail = (what: string, cause?: unknown) => new FuzzFailure(seed, input, what, { cause })
  try {
    const parsed = parseConfiguration(input)
    if (parsed.kind === 'errors') {
      const lines = input.toString('utf8').split(/\r\n?|\n/)
      for (const { code, line, column } of parsed.errors) {
        if (!/^(?:ARTIFACT_CONFIGURATION|DIRECTIVE|PARAMETER)_[A-Z_]+$/.test(code)) throw fail(`the code ${code}`)
        const text = lines[line - 1]
        if (text === undefined || column < 1 || column > text.length + 1)
          throw fail(`${line}:${column} is no place in it`)
      }
      return parsed.errors[0]?.code ?? 'no error'
    }
    const formatted = formatConfiguration(input)
    if (formatted.kind === 'errors') throw fail('it is read, and not formatted')
    const again = formatConfiguration(formatted.text)
    if (again.kind === 'errors' || again.text !== formatted.text) throw fail('its layout does not stay')
    if (meaningOf(parsed) !== meaningOf(parseConfiguration(formatted.text)))
      throw fail('its layout means something else')
    const values = parsed.configuration.parameters.map(({ name }) => [name, '1'])
    resolveParameters(parsed.configuration, Object.fromEntries(values))
    return 'configuration'
  } catch (error) {
    if (error instanceof FuzzFailure) throw error
    throw fail('an error that is none of the document', error)
  }
}

/** What was read, without places and texts. */
function meaningOf(parsed: unknown): string {
  const names = ['position', 'line', 'column', 'document', 'message']
  return JSON.stringify(parsed, (name, value) => (names.includes(name) ? undefined : value))
}

const words = [...elementRules.keys(), ...directiveRules.keys(), 'include', 'for-each', 'parameters', 'parameter']
const attributes = [
  ...['path', 'min-matches', 'max-matches', 'name', 'default-value', 'required', 'xmlns', 'xmlns:cs', 'cs:page-hashes'],
  ...[...directiveRules.values()].flatMap((rule) => Object.keys(rule.attributes)),
]
const values = [
  '',
  '.',
  '**',
  '*',
  '[a',
  '[!a-z]',
  'a/b',
  '..',
  '1',
  '0',
  'true',
  `\${a}`,
  `\${file.name}`,
  '&lt;',
  '&#x202e;',
]

function makeDocument(random: SeededRandom): Buffer {
  const rule = random.oneOf(languageRules)
  let document: Buffer = Buffer.from(random.below(4) === 0 ? rule.breaks : rule.holds)
  for (let times = 1 + random.below(2); times > 0; times -= 1)
    document = random.below(5) === 0 ? Buffer.from(mutateBytes(document, random)) : changeWords(document, random)
  return document
}

/** Puts names, attributes, values and pieces of other documents where others stand. */
function changeWords(document: Buffer, random: SeededRandom): Buffer {
  const text = document.toString('utf8')
  const places = [...text.matchAll(/<\/?[\w-]+|\s[\w:-]+=|"[^"]*"|\/?>/g)]
  if (places.length === 0) return document
  const { 0: word, index } = random.oneOf(places)
  const other = random.oneOf(random.oneOf(languageRules).holds.match(/<[^!?][^<]*>/g) ?? [''])
  const put = word.startsWith('<')
    ? random.oneOf([`<${random.oneOf(words)}`, `<${random.oneOf(words)}-set`, `${other}${word}`, `<!-- a -->${word}`])
    : word.endsWith('=')
      ? ` ${random.oneOf(attributes)}=`
      : word.startsWith('"')
        ? random.oneOf([`"${random.oneOf(values)}"`, `${word} ${random.oneOf(attributes)}="${random.oneOf(values)}"`])
        : random.oneOf(['>', '/>', `>${other}`])
  return Buffer.from(text.slice(0, index) + put + text.slice(index + word.length))
}
