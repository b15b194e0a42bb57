import type { JsonDocument, TextRange } from './read-document.ts'

/** The name of the property that a signature is (JSON Signature Format, "Top Level Property"; CycloneDX names it so). */
export const signatureName = 'signature'

/** A piece of a text and what takes its place. */
export type Edit = TextRange & { readonly text: string }

/**
 * How a signature gets into the root of a document: behind its last property, in the layout that the others have; one that is there
 * goes. Everything else keeps its bytes.
 *
 * @param signature JSON
 * @returns in the order of the text
 */
export function placeSignature({ text, members, inside }: JsonDocument, signature: string): readonly Edit[] {
  const index = members.findIndex(({ name }) => name === signatureName)
  const others = members.filter((_, position) => position !== index)
  const last = others.at(-1)
  const first = members[0]
  const layout = first === undefined ? '' : text.slice(inside.start, first.start)
  const colon = first === undefined ? ':' : text.slice(first.valueStart - 2, first.valueStart) === ': ' ? ': ' : ':'
  const property = `${JSON.stringify(signatureName)}${colon}${signature}`
  if (last === undefined)
    return [{ start: inside.start, end: members.at(-1)?.end ?? inside.start, text: layout + property }]
  const removed = index === -1 ? undefined : removalOf(members, index)
  const added: Edit = { start: last.end, end: last.end, text: `,${layout}${property}` }
  if (removed === undefined) return [added]
  if (removed.start === added.start) return [{ ...removed, text: added.text }]
  return [{ ...removed, text: '' }, added]
}

/** A property with the comma before it; the first one with what separates it from the next. */
function removalOf(members: JsonDocument['members'], index: number): TextRange {
  const [before, member, behind] = [members[index - 1], members[index], members[index + 1]]
  return before === undefined
    ? { start: member?.start ?? 0, end: behind?.start ?? member?.end ?? 0 }
    : { start: before.end, end: member?.end ?? before.end }
}
