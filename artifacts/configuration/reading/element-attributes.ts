import { type ElementOptions, type FileKind, fileKinds, type PathNode } from '../configuration.ts'
import { hasFolders, parsePath } from '../glob.ts'
import type { ElementRule } from '../language.ts'
import type { AttributeContext, Expected, ReadAttributes } from './read-attributes.ts'
import type { XmlElement } from './xml-document.ts'

/** Which attributes an element has depends on what it is. */
export type AttributeHolder = 'root' | 'element' | 'set' | 'include'

const optional: Expected = { type: 'text', default: null }
const keepIssuedBy: Expected = { ...optional, isOption: true, check: faultOfThumbprints }
const refuseUnsigned: Expected = { ...optional, isOption: true, check: faultOfKinds }
const minMatches: Expected = { type: 'integer', default: 1 }
const maxMatches: Expected = { ...optional, check: faultOfMaximum }

/** The attributes that an element may have, by name. */
export function expectedAttributes(rule: ElementRule, holder: AttributeHolder): Readonly<Record<string, Expected>> {
  const isFolder = rule.name === 'directory'
  const path: Expected = {
    type: 'text',
    isPath: true,
    check: (value) => faultOfPath(value, isFolder, holder),
    ...(holder === 'root' && { default: null }),
  }
  const restrictions = Object.fromEntries(rule.restrictions.map((name) => [name, { ...optional, hasFile: true }]))
  const isMultipleUpload = holder === 'root' && rule.name === 'zip-file'
  return {
    ...(holder !== 'set' && { path }),
    ...(holder !== 'root' && { 'min-matches': minMatches, 'max-matches': maxMatches }),
    ...restrictions,
    ...(holder !== 'include' && rule.signing.length > 0 && !isFolder && { 'keep-issued-by': keepIssuedBy }),
    ...(holder !== 'include' && rule.isContainer && { 'refuse-unsigned': refuseUnsigned }),
    ...(isMultipleUpload && {
      'ui-multifile-upload': { type: 'choice', values: ['on', 'off'], default: 'off' } as const,
    }),
  }
}

/** The path that an element or include has, with its numbers of matches. */
export function pathsOf(
  read: ReadAttributes,
  { position }: XmlElement,
  { findings }: AttributeContext,
): readonly Omit<PathNode, 'restrictions'>[] {
  const path = read.get('path')?.value
  if (typeof path !== 'string') return []
  const minimum = read.get('min-matches')
  const maximum = read.get('max-matches')
  const least = numberOf(minimum?.value)
  const most = maximum?.value === 'unbounded' ? null : numberOf(maximum?.value)
  if (most !== null && least > most)
    findings.error(
      'ARTIFACT_CONFIGURATION_VALUE',
      minimum?.position ?? maximum?.position ?? position,
      `min-matches is ${least} and max-matches ${most}: nothing can be both.${maximum === undefined ? ' max-matches is 1 where it is not written.' : ''}${minimum === undefined ? ' min-matches is 1 where it is not written.' : ''}`,
    )
  return [{ path, minMatches: least, maxMatches: most, position }]
}

/** Not written, or not known yet: 1. */
function numberOf(value: unknown): number {
  return /^\d+$/.test(String(value)) ? Number(value) : 1
}

/** What files must say of themselves. */
export function restrictionsOf({ restrictions }: ElementRule, read: ReadAttributes): Record<string, string> {
  return Object.fromEntries(
    restrictions.flatMap((name) => {
      const value = read.get(name)?.value
      return value === undefined || value === null ? [] : [[name, String(value)]]
    }),
  )
}

/** What of the service's own an element says. */
export function optionsOf(read: ReadAttributes): ElementOptions {
  const words = (name: string) => read.get(name)?.value?.toString().split(/\s+/)
  return {
    keepIssuedBy: words('keep-issued-by')?.map((each) => each.toLowerCase()) ?? [],
    refuseUnsigned: (words('refuse-unsigned') as FileKind[] | undefined) ?? null,
    multipleFileUpload: read.get('ui-multifile-upload')?.value === 'on',
  }
}

function faultOfPath(path: string, isFolder: boolean, holder: AttributeHolder): string | undefined {
  const pattern = parsePath(path)
  if ('fault' in pattern) return pattern.fault
  if (holder === 'root' && (hasFolders(path) || pattern.segments.length !== 1))
    return 'must be a file name without folders: it is the artifact itself'
  if (isFolder) return undefined
  if (pattern.segments.length === 0) return 'is a folder and no file'
  return /[/\\]$/.test(path) ? 'ends with a separator, as folders do and files do not' : undefined
}

function faultOfMaximum(value: string): string | undefined {
  if (value === 'unbounded' || /^[1-9]\d{0,8}$/.test(value)) return undefined
  return 'must be a whole number from 1 to 999999999, or unbounded'
}

function faultOfThumbprints(value: string): string | undefined {
  if (value.split(/\s+/).every((each) => /^[0-9A-Fa-f]{64}$/.test(each))) return undefined
  return 'must be SHA-256 thumbprints of certificates, 64 hexadecimal digits each, with spaces between them'
}

function faultOfKinds(value: string): string | undefined {
  const kinds: readonly string[] = fileKinds
  const words = value.split(/\s+/)
  if (words.every((each) => kinds.includes(each)) && new Set(words).size === words.length) return undefined
  return `must be one or more of ${fileKinds.join(', ')}, each once, with spaces between them`
}
