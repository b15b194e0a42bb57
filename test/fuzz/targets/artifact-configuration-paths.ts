import { ContainerMatcher, type ElementNode, parseConfiguration } from '../../../artifacts/configuration/index.ts'
import { ArtifactError } from '../../../artifacts/index.ts'
import { inZip } from '../../support/artifact-configurations/index.ts'
import type { SeededRandom } from '../../support/seeded-random.ts'
import { FuzzFailure, type FuzzTarget, fuzzInputs } from '../target.ts'

/**
 * Paths with wildcards, and files: each path means the files that a regular expression made of it means, by itself and in a folder, and
 * comparing ends by what it may take.
 */
export const target: FuzzTarget = {
  name: 'artifact-configuration-paths',
  run: (request) =>
    fuzzInputs(request, async (random, seed) => {
      const path = Array.from({ length: 1 + random.below(4) }, () => segment(random)).join(random.oneOf(['/', '\\']))
      const file = Array.from({ length: 1 + random.below(5) }, () => name(random)).join(random.oneOf(['/', '\\']))
      const input = Buffer.from(`${path}\n${file}`)
      const fail = (what: string, cause?: unknown) => new FuzzFailure(seed, input, what, { cause })
      const written = path.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
      const parsed = parseConfiguration(inZip(`<pe-file path="${written}" min-matches="0"/>`))
      if (parsed.kind === 'errors') return 'refused'
      const { children } = parsed.configuration.root
      try {
        const matches = new ContainerMatcher(children, { work: 100_000 }).file(file).match !== null
        if (matches !== expressionOf(path).test(file.replaceAll('\\', '/'))) throw fail(`means it: ${matches}`)
        const { children: around } = folderAround(children)
        const inside = new ContainerMatcher(around, { work: 200_000 }).file(`x/${file}`).match !== null
        if (inside !== matches) throw fail(`means it: ${matches}; in a folder: ${inside}`)
        return matches ? 'matches' : 'other'
      } catch (error) {
        if (error instanceof ArtifactError && error.code === 'MATCHING_LIMIT') return error.code
        throw error instanceof FuzzFailure ? error : fail('no error of matching', error)
      }
    }),
}

function folderAround(children: readonly ElementNode[]): { readonly children: readonly ElementNode[] } {
  const parsed = parseConfiguration(inZip('<directory path="[x]"/>'))
  if (parsed.kind === 'errors') throw new Error('the folder is in order')
  return { children: parsed.configuration.root.children.map((folder) => ({ ...folder, children })) }
}

const letters = ['a', 'b', 'A', '.', '-', ']', '!', '\u00e4', '\u00c4', '\u{1f600}']
const parts = [...letters, '*', '?', '*', '[ab]', '[!a]', '[a-c]', '[]]', '[*]', '[']

function segment(random: SeededRandom): string {
  if (random.below(5) === 0) return '**'
  return Array.from({ length: 1 + random.below(random.oneOf([3, 6, 30])) }, () => random.oneOf(parts)).join('')
}

function name(random: SeededRandom): string {
  const text = Array.from({ length: 1 + random.below(random.oneOf([2, 5, 40])) }, () => random.oneOf(letters)).join('')
  return /^\.+$/.test(text) ? 'a' : text
}

/** The same path as a regular expression of JavaScript, of which case does not count. */
function expressionOf(path: string): RegExp {
  const segments = path.split(/[/\\]/).filter((each) => each !== '.')
  let source = ''
  segments.forEach((each, index) => {
    const isLast = index === segments.length - 1
    if (each === '**') source += isLast ? '(?:[^/]+(?:/|$))*' : '(?:[^/]+/)*'
    else
      source += inSegment(each) + (isLast || segments.slice(index + 1).every((rest) => rest === '**') ? '(?:/|$)' : '/')
  })
  return new RegExp(`^${source}$`, 'iu')
}

function inSegment(text: string): string {
  return text.replaceAll(
    /\[(!?)(\]?[^\]]*)\]|\*|\?|[^[\]*?]|\]/gu,
    (part, negated: string | undefined, members: string) => {
      if (part === '*') return '[^/]*'
      if (part === '?') return '[^/]'
      if (negated === undefined) return part.replaceAll(/[\\^$.|?*+()[\]{}]/g, '\\$&')
      return `[${negated === '' ? '' : '^/'}${members.replaceAll(/[\\^\][]/g, '\\$&')}]`
    },
  )
}
