import { isNode, LineCounter, parseDocument, visit } from 'yaml'
import type { z } from 'zod'
import { ProxyError } from '../proxy-error.ts'
import { type ProxyConfiguration, proxyConfiguration } from './schema.ts'

/** So many faults are named at once. */
const namedFaults = 10
/** Characters. */
const largestConfiguration = 1024 * 1024

/**
 * Reads a configuration, YAML or JSON.
 *
 * @param from the file's name, for messages
 * @throws ProxyError `PROXY_CONFIGURATION_INVALID`: each fault with its line, column and path
 */
export function parseConfiguration(text: string, from: string): ProxyConfiguration {
  if (text.length > largestConfiguration) throw invalid(from, [`has more than ${largestConfiguration} characters`])
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const faults = document.errors.map(({ message, pos }) => `${placeOf(lines, pos[0])}: ${message}`)
  if (faults.length > 0) throw invalid(from, faults)
  visit(document, {
    Alias(_key, { range }) {
      throw invalid(from, [`${placeOf(lines, range?.[0])}: aliases (*name) are not read; write it out`])
    },
  })
  const read = proxyConfiguration.safeParse(document.toJS({ maxAliasCount: 0 }))
  if (read.success) {
    refusePlainService(read.data.service.url, from, () => placeOf(lines, offsetOf(document, ['service', 'url'])))
    return read.data
  }
  throw invalid(
    from,
    read.error.issues.flatMap(leavesOf).map(({ path, message }) => {
      const where = pathText(path)
      return `${placeOf(lines, offsetOf(document, path))}: ${where === '' ? '' : `${where}: `}${message}`
    }),
  )
}

type Fault = { readonly path: readonly PropertyKey[]; readonly message: string }

/** An unknown key is at fault itself, and not what it is in. */
function leavesOf(issue: z.core.$ZodIssue): readonly Fault[] {
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...issue.path, key], message: 'is not known here' }))
  return [{ path: issue.path, message: issue.message }]
}

/** Where a path is in the text, or the nearest of what it is in. */
function offsetOf(document: ReturnType<typeof parseDocument>, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range != null) return node.range[0]
  }
  return undefined
}

function placeOf(lines: LineCounter, offset: number | undefined): string {
  const { line, col } = lines.linePos(offset ?? 0)
  return `line ${line}, column ${col}`
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((before, step) => {
    if (typeof step === 'number') return `${before}[${step}]`
    return before === '' ? String(step) : `${before}.${String(step)}`
  }, '')
}

/** Tokens would be read on the way. */
function refusePlainService(url: string, from: string, place: () => string): void {
  const { protocol, hostname } = new URL(url)
  const isOfThisMachine = ['localhost', '[::1]'].includes(hostname) || /^127\.\d+\.\d+\.\d+$/.test(hostname)
  if (protocol === 'https:' || isOfThisMachine) return
  throw invalid(from, [`${place()}: service.url: must begin with https:, since tokens travel there`])
}

function invalid(from: string, faults: readonly string[]): ProxyError {
  const more = faults.length - namedFaults
  return new ProxyError(
    'PROXY_CONFIGURATION_INVALID',
    `${from} is not valid: ${faults.slice(0, namedFaults).join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
  )
}
