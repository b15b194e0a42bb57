/** A rule of the language: a document that holds it, and one that breaks it. */
export type LanguageRule = {
  readonly rule: string
  readonly holds: string
  readonly breaks: string
  /** `line:column CODE message` of the only error in the one that breaks it. */
  readonly error: string
  /** Whether the schema takes the one that breaks it: XML Schema cannot say this rule. */
  readonly schemaIsSilent?: true
}

const xmlns = 'xmlns="http://signpath.io/artifact-configuration/v1"'

/** A document with this in its second line. */
export function configuration(content: string): string {
  return `<artifact-configuration ${xmlns} xmlns:cs="https://countersign.invalid/artifact-configuration/v1">\n${content}\n</artifact-configuration>\n`
}

/** A document with a container that holds this, in the third line. */
export function inZip(content: string): string {
  return configuration(`<zip-file>\n${content}\n</zip-file>`)
}
