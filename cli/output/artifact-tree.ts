import type { ArtifactPlan, InspectedFile } from '../local-commands.ts'
import type { PlanNode } from '../signing-plan.ts'
import { count, pathText, readableSize } from './quantities.ts'
import { safeText } from './safe-text.ts'
import type { Marker } from './table.ts'

/** What is in a file, a line for each, indented by how deep it is. */
export function inspectedText(file: InspectedFile, marker: Marker, depth = 0): string {
  const { name, size, sha256, format, existingSignatures, isContainer, unopened, files } = file
  const what = isContainer
    ? `archive, ${count(files.length, 'file')}`
    : format === null
      ? undefined
      : `can be signed: ${format}`
  const signers = existingSignatures.map((each) =>
    each.kind === 'signature' ? (each.signer ?? 'unknown') : 'unreadable',
  )
  const notes = [
    ...(what === undefined ? [] : [what]),
    ...signers.map((signer) => `signed by ${signer}`),
    ...(unopened === null ? [] : [`not opened: ${unopened.code}`]),
  ]
  const inside = files.map((each) => inspectedText(each, marker, depth + 1)).join('')
  return `${line(depth, name, size, sha256, notes, marker)}${inside}`
}

/** What would become of a file by a configuration, and what is wrong. */
export function artifactPlanText({ problems, files }: ArtifactPlan, marker: Marker): string {
  const tree = files.map((node) => nodeText(node, marker)).join('')
  const wrong = problems.map(({ code, message, path }) => {
    const where = path === null ? '' : `${safeText(pathText(path))}: `
    return `${marker('bad', code)}  ${where}${safeText(message)}\n`
  })
  const signed = files.filter(({ outcome }) => outcome === 'signed').length
  const end = problems.length === 0 ? `Signs ${signed} of ${count(files.length, 'file')}.\n` : `\n${wrong.join('')}`
  return tree + end
}

function nodeText(node: PlanNode, marker: Marker): string {
  const {
    path,
    size,
    sha256,
    outcome,
    element,
    directives,
    warnings = [],
    outputs = [],
    existingSignatures = [],
  } = node
  const depth = path.length - 1
  const notes = [
    outcome,
    ...(element == null ? [] : [`${element.name}, line ${element.line}`]),
    ...directives.map(({ directive }) => directive),
    ...existingSignatures.map(
      (each) => `signed by ${each.kind === 'signature' ? (each.signer ?? 'unknown') : 'what cannot be read'}`,
    ),
    ...outputs.map((name) => `makes ${name}`),
  ]
  const indent = '  '.repeat(depth + 1)
  const warned = warnings.map((text) => `${indent}${marker('waiting', `warning: ${safeText(text)}`)}\n`).join('')
  return line(depth, path.at(-1) ?? '', size, sha256, notes, marker) + warned
}

function line(
  depth: number,
  name: string,
  size: number | undefined,
  sha256: string | undefined,
  notes: readonly string[],
  marker: Marker,
): string {
  const parts = [
    marker('strong', safeText(name)),
    size === undefined ? '' : readableSize(size),
    sha256 === undefined ? '' : marker('faint', sha256),
    safeText(notes.join('; ')),
  ]
  return `${'  '.repeat(depth)}${parts.filter((part) => part !== '').join('  ')}\n`
}
