import type { CheckedPlan, PlanNode, SigningPlan } from '../signing-plan.ts'
import { existingSignatureFields } from './existing-signature-text.ts'
import { count, pathText, readableSize } from './quantities.ts'
import { type Cell, fieldList, type Marker } from './table.ts'

type Fields = readonly (readonly [name: string, value: Cell | null])[]

/** What an approval of the plan's digest stands for: of its files those that were fetched, and how many more there are. */
export function planText({ digest, plan, fileCount, files }: CheckedPlan, marker: Marker): string {
  const entries = plan.pages.reduce((sum, page) => sum + page.entries, 0)
  const heading = fieldList(
    [
      ['plan', { text: digest, mark: 'strong' }],
      ['certificate', `SHA-256 ${plan.certificateThumbprint}`],
      ['time-stamp', plan.timestamp],
      ...configurationFields(plan.artifactConfiguration),
      ['signs', entries === fileCount ? count(fileCount, 'file') : `${fileCount} of ${count(entries, 'file')}`],
    ],
    marker,
  )
  const more = fileCount - files.length
  const rest = more === 0 ? '' : `\n… and ${count(more, 'file')} more: --all-files shows them\n`
  return heading + files.map((file) => fileText(file, marker)).join('') + rest
}

function configurationFields(configuration: SigningPlan['artifactConfiguration']): Fields {
  if (configuration === undefined) return []
  const { artifactConfigurationId, version, documentDigest, parameters } = configuration
  return [
    ['artifact configuration', `${artifactConfigurationId}, version ${version}`],
    ['  SHA-256', documentDigest],
    ...Object.entries(parameters).map(([name, value]) => [`  ${name}`, value] as const),
  ]
}

function elementText({ name, path, line, column }: NonNullable<PlanNode['element']>): string {
  return `${name}${path === null ? '' : ` ${path}`} (line ${line}, column ${column})`
}

function fileText(node: PlanNode, marker: Marker): string {
  const { path, kind, format, size, sha256, element, metadata = {}, warnings = [], outputs = [] } = node
  const { existingSignatures = [], directives } = node
  return `\n${fieldList(
    [
      ['file', { text: pathText(path), mark: 'strong' }],
      ['format', size === undefined ? kind : `${format}, ${readableSize(size)}`],
      ['SHA-256', sha256 ?? null],
      ...(element == null ? [] : [['element', elementText(element)] as const]),
      ...Object.entries(metadata).map(([name, value]) => [name, value] as const),
      ...warnings.map((text) => ['warning', { text, mark: 'waiting' }] as const),
      ...outputs.map((name) => ['new file', name] as const),
      ...existingSignatureFields(existingSignatures),
      ...directives.flatMap(({ directive, attributes, contentDigests }) => [
        [directive, ''] as const,
        ...Object.entries(attributes).map(
          ([name, value]) => [`  ${name}`, value === null ? 'none' : String(value)] as const,
        ),
        ...contentDigests.map(({ content, algorithm, digest }) => [`  ${content}`, `${algorithm} ${digest}`] as const),
      ]),
    ],
    marker,
  )}`
}
