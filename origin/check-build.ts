import { buildInvalid, Refusal, secretMissing } from '../domain/index.ts'
import type { ConnectorForms } from './connector.ts'
import { parseForm } from './parse-form.ts'

/** What a submission says of its build, before anybody has read it. */
export type NamedBuild = {
  readonly fields: Readonly<Record<string, unknown>>
  /** By name. */
  readonly secrets: Readonly<Record<string, string>>
}

/** A token or password that can go into a header, of the length that a token can have. */
const secretText = /^[\x21-\x7e]{1,16384}$/

/** Reads what submissions say of builds, as a connector does. */
export function buildCheck<Settings, Build>({
  kind,
  build: form,
  buildSecrets = [],
  optionalBuildSecrets = [],
}: ConnectorForms<Settings, Build>) {
  const { shape = {} } = form as { readonly shape?: Readonly<Record<string, unknown>> }
  const knownFields = Object.keys(shape)
  const knownSecrets = [...buildSecrets, ...optionalBuildSecrets]

  /** @throws Refusal `ORIGIN_BUILD_INVALID`, `ORIGIN_SECRET_UNKNOWN`, `ORIGIN_SECRET_MISSING` */
  return (said: NamedBuild, isDemanded: boolean): NamedBuild => {
    const fields = underKnownNames(said.fields, knownFields, (name) => unknownField(kind, name, knownFields))
    const secrets = underKnownNames(said.secrets, knownSecrets, (name) => unknownSecret(kind, name, knownSecrets))
    const read = parseForm(form, fields, 'build')
    if ('faults' in read) throw buildInvalid(read.faults, read.field)
    const malformed = Object.entries(secrets).find(([, secret]) => !secretText.test(secret))
    if (malformed !== undefined) throw malformedSecret(malformed[0])
    const missing = isDemanded ? buildSecrets.find((name) => secrets[name] === undefined) : undefined
    if (missing !== undefined) throw secretMissing(missing, 'the submission')
    // What is left out must not come back as a name without a value.
    return { fields: JSON.parse(JSON.stringify(read.value)), secrets }
  }
}

/** Values under the names that a kind has, which callers may write in other case. */
function underKnownNames<Value>(
  said: Readonly<Record<string, Value>>,
  known: readonly string[],
  unknown: (name: string) => Refusal,
): Readonly<Record<string, Value>> {
  const found = new Map<string, Value>()
  for (const [name, value] of Object.entries(said)) {
    const own = known.find((each) => each.toLowerCase() === name.toLowerCase())
    if (own === undefined || found.has(own)) throw unknown(name)
    found.set(own, value)
  }
  return Object.fromEntries(found)
}

function unknownField(kind: string, name: string, known: readonly string[]): Refusal {
  const names = known.length === 0 ? 'no fields' : known.join(', ')
  const shown = JSON.stringify(name.slice(0, 60))
  return buildInvalid([`${shown}: builds of ${kind} are said by ${names}, each once; leave it out`], 'build')
}

function unknownSecret(kind: string, name: string, known: readonly string[]): Refusal {
  const names = known.length === 0 ? 'none' : known.join(', ')
  return new Refusal(
    'ORIGIN_SECRET_UNKNOWN',
    `Of builds of ${kind} these secrets are taken: ${names}; the submission brings ${JSON.stringify(name.slice(0, 60))}. Leave it out.`,
    { field: 'build.secrets' },
  )
}

/** What was sent is not repeated. */
function malformedSecret(name: string): Refusal {
  const field = `build.secrets.${name}`
  return buildInvalid([`${field}: it must be 1 to 16,384 printable ASCII characters without spaces`], field)
}
