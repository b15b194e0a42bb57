import { unseenIn } from '../../../domain/text.ts'
import { escapeGlob } from '../glob.ts'

/** The reference to the name of the file at hand. */
export const fileNameReference = 'file.name'

/** The longest value of a parameter, in UTF-16 code units. */
export const longestValue = 1000

/** What names of parameters look like. */
export const parameterName = /^(?!file\.)[A-Za-z_][A-Za-z0-9_.-]{0,99}$/

/** The names that a text refers to (`${name}`), or what is wrong with how it does, as the end of a sentence. */
export function referencesOf(text: string): readonly string[] | { readonly fault: string } {
  const names: string[] = []
  for (let at = text.indexOf('${'); at !== -1; at = text.indexOf('${', at + 1)) {
    const end = text.indexOf('}', at)
    if (end === -1) return { fault: `has \${ without a } behind it` }
    names.push(text.slice(at + 2, end).trim())
  }
  return names
}

/**
 * Puts values in where a text refers to them; references without a value stay.
 *
 * @param isPath values stand for themselves then: their `*`, `?` and `[` are no wildcards, so that nobody who submits can make a path mean
 *   more files than its author meant
 */
export function withValues(text: string, values: ReadonlyMap<string, string>, isPath = false): string {
  return text.replaceAll(/\$\{([^}]*)\}/g, (reference, name: string) => {
    const value = values.get(name.trim())
    if (value === undefined) return reference
    return isPath ? escapeGlob(value) : value
  })
}

/** Puts the name of the file at hand into a text of a resolved configuration. */
export function withFileName(text: string, fileName: string): string {
  return withValues(text, new Map([[fileNameReference, fileName]]))
}

/** What is wrong with a parameter's value, as the end of a sentence; `undefined`: nothing. */
export function valueFault(value: string): string | undefined {
  if (value.length > longestValue) return `has more than ${longestValue} characters`
  const hidden = unseenIn(value)
  if (hidden !== undefined) return `has ${hidden}, which nobody sees`
  return value.includes('${') ? `has \${, and values cannot refer to others` : undefined
}
