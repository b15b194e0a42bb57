import type { CheckedPlan, PlannedFile } from '../signing-plan.ts'
import { existingSignatureFields } from './existing-signature-text.ts'
import { count, readableSize } from './quantities.ts'
import { fieldList, type Marker } from './table.ts'

/** What an approval of the plan's digest stands for. */
export function planText({ digest, plan }: CheckedPlan, marker: Marker): string {
  const heading = fieldList(
    [
      ['plan', { text: digest, mark: 'strong' }],
      ['certificate', `SHA-256 ${plan.certificateThumbprint}`],
      ['time-stamp', plan.timestamp],
      ['signs', count(plan.files.length, 'file')],
    ],
    marker,
  )
  return heading + plan.files.map((file) => fileText(file, marker)).join('')
}

function fileText({ path, format, size, sha256, existingSignatures, directives }: PlannedFile, marker: Marker): string {
  return `\n${fieldList(
    [
      ['file', { text: path, mark: 'strong' }],
      ['format', `${format}, ${readableSize(size)}`],
      ['SHA-256', sha256],
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
