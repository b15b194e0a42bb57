import type { CheckedPlan, PlanNode } from '../signing-plan.ts'
import { existingSignatureFields } from './existing-signature-text.ts'
import { count, pathText, readableSize } from './quantities.ts'
import { fieldList, type Marker } from './table.ts'

/** What an approval of the plan's digest stands for: of its files those that were fetched, and how many more there are. */
export function planText({ digest, plan, fileCount, files }: CheckedPlan, marker: Marker): string {
  const entries = plan.pages.reduce((sum, page) => sum + page.entries, 0)
  const heading = fieldList(
    [
      ['plan', { text: digest, mark: 'strong' }],
      ['certificate', `SHA-256 ${plan.certificateThumbprint}`],
      ['time-stamp', plan.timestamp],
      ['signs', entries === fileCount ? count(fileCount, 'file') : `${fileCount} of ${count(entries, 'file')}`],
    ],
    marker,
  )
  const more = fileCount - files.length
  const rest = more === 0 ? '' : `\n… and ${count(more, 'file')} more: --all-files shows them\n`
  return heading + files.map((file) => fileText(file, marker)).join('') + rest
}

function fileText(node: PlanNode, marker: Marker): string {
  const { path, kind, format, size, sha256, existingSignatures = [], directives } = node
  return `\n${fieldList(
    [
      ['file', { text: pathText(path), mark: 'strong' }],
      ['format', size === undefined ? kind : `${format}, ${readableSize(size)}`],
      ['SHA-256', sha256 ?? null],
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
