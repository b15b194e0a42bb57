/** What a document asks of an object: its fields by their names in the answer. */
type Selection = ReadonlyMap<string, Field>

/** A field that is asked for. */
type Field = {
  /** Of what is below it; nothing for a field that is a value itself. */
  readonly below: Selection | undefined
  /** Whether only objects of some type have it. */
  readonly optional: boolean
}

/**
 * Finds what a document asks for and an answer does not have: a service of another release, or something between, may answer
 * otherwise than the service that the document was written for.
 *
 * @param document of the command line's own: operations with named fragments, aliases and fragments for some types
 * @returns the path of the first field that is missing, or is no object where one is asked for; `undefined` when there is none
 */
export function missingInAnswer(document: string, data: unknown): string | undefined {
  return missing(selectionOf(document), data, '')
}

function missing(selection: Selection, value: unknown, path: string): string | undefined {
  if (value === null) return undefined
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const found = missing(selection, item, `${path}[${index}]`)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (typeof value !== 'object') return path
  const object = value as Readonly<Record<string, unknown>>
  for (const [name, { below, optional }] of selection) {
    const at = path === '' ? name : `${path}.${name}`
    const isThere = Object.hasOwn(object, name) && object[name] !== undefined
    if (!isThere && !optional) return at
    const found = isThere && below !== undefined ? missing(below, object[name], at) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

function selectionOf(document: string): Selection {
  const operations = /^\s*(?:query|mutation|subscription)\b/
  const definitions = document.split(/(?<=^\})\s*(?=^(?:fragment|query|mutation|subscription)\b)/m)
  const fragments = new Map<string, string>()
  let operation = ''
  for (const definition of definitions) {
    const fragment = /^\s*fragment (\w+) on \w+/.exec(definition)
    if (fragment?.[1] !== undefined) fragments.set(fragment[1], definition)
    else if (operations.test(definition)) operation = definition
  }
  return new Reader(withoutArguments(operation), fragments).all()
}

/** Arguments and variables say nothing of the answer. */
function withoutArguments(text: string): string {
  return text.replaceAll(/\([^()]*\)/g, '')
}

/** Reads selections: names, aliases and braces. */
class Reader {
  readonly #tokens: readonly string[]
  readonly #fragments: ReadonlyMap<string, string>
  #at = 0

  constructor(text: string, fragments: ReadonlyMap<string, string>) {
    const body = text.slice(text.indexOf('{'))
    this.#tokens = body.match(/\.\.\.|\w+|[{}:]/g) ?? []
    this.#fragments = fragments
  }

  all(): Selection {
    this.#at = 1
    return this.#selection(false)
  }

  /** Up to the closing brace; `optional`: those of objects of some type. */
  #selection(optional: boolean): Selection {
    const fields = new Map<string, Field>()
    for (let token = this.#next(); token !== undefined && token !== '}'; token = this.#next()) {
      if (token === '...') for (const [name, field] of this.#spread()) fields.set(name, field)
      else fields.set(token, { below: this.#below(), optional })
    }
    return fields
  }

  #spread(): Selection {
    const name = this.#next() ?? ''
    if (name !== 'on') return new Reader(withoutArguments(this.#fragments.get(name) ?? '{}'), this.#fragments).all()
    this.#at += 2
    return this.#selection(true)
  }

  /** What stands behind the name of a field, or behind its alias. */
  #below(): Selection | undefined {
    if (this.#tokens[this.#at] === ':') this.#at += 2
    if (this.#tokens[this.#at] !== '{') return undefined
    this.#at += 1
    return this.#selection(false)
  }

  #next(): string | undefined {
    return this.#tokens[this.#at++]
  }
}
