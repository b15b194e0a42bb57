/** A JSON Schema, as far as examples are made of it. */
type Schema = {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Schema>>
  readonly type?: string | readonly string[]
  readonly format?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
}

/** What people would write in a field of this name. */
const texts: Readonly<Record<string, string>> = {
  algorithm: 'ec-p256',
  artifactSha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  base64EncodedHash: 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=',
  branchName: 'main',
  code: 'TIMESTAMP_UNAVAILABLE',
  commitId: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  commonName: 'Example GmbH',
  email: 'ida@example.com',
  fileName: 'setup.exe',
  fileNames: '*.exe',
  label: 'release-2026',
  message: 'The time-stamp authority does not answer.',
  name: 'Release signing',
  nextCursor: 'WyJkZW1vIl0',
  notAfter: '2027-12-31T00:00:00.000Z',
  notBefore: '2026-12-31T00:00:00.000Z',
  planDigest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  position: '0000000000000044',
  project: 'demo',
  projectName: 'Demo',
  projectSlug: 'demo',
  rsaHashAlgorithm: '2.16.840.1.101.3.4.2.1',
  server: 'internal-authority',
  sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  sha256Hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  signingPolicy: 'release-signing',
  signingPolicyName: 'Release signing',
  signingPolicySlug: 'release-signing',
  slug: 'demo',
  streamId: 'project-7f3c2f0e-5a1d-4c0b-9f6a-2b1e8d4c3a5f',
  url: 'https://hooks.example.com/countersign',
}

/** Fields that may be left out, and without which an example would not show how something is asked for. */
const shown: ReadonlySet<string> = new Set([
  'projectSlug',
  'signingPolicySlug',
  'rsaHashAlgorithm',
  'base64EncodedHash',
  'algorithm',
])

const numbers: Readonly<Record<string, number>> = { lifetimeSeconds: 86_400 }

const formats: Readonly<Record<string, string>> = {
  base64: 'MAA=',
  'date-time': '2026-12-31T12:00:00.000Z',
  uri: 'https://signing.example.com/signing-requests/7f3c2f0e-5a1d-4c0b-9f6a-2b1e8d4c3a5f',
  uuid: '7f3c2f0e-5a1d-4c0b-9f6a-2b1e8d4c3a5f',
}

/** A value that a schema takes: of objects the fields that must be given, and some by which it is understood. */
export function exampleOf(schema: object): unknown {
  return valueFor(schema as Schema, '', { isShown: (name, required) => required || shown.has(name) })
}

/** An answer that a schema describes, with everything that may stand in it. */
export function answerOf(schema: object): unknown {
  return valueFor(schema as Schema, '', { isShown: () => true, defined: (schema as Schema).$defs ?? {} })
}

type Choices = {
  readonly isShown: (name: string, isRequired: boolean) => boolean
  /** Schemas that others refer to by their names. */
  readonly defined?: Readonly<Record<string, Schema>>
}

function valueFor(schema: Schema, name: string, choices: Choices): unknown {
  const { $ref, type, format, anyOf, items, properties, required = [], minimum, maximum, ...given } = schema
  if ($ref !== undefined) return valueFor(choices.defined?.[$ref.slice('#/$defs/'.length)] ?? {}, name, choices)
  if ('const' in given) return given.const
  if (given.enum !== undefined) return given.enum.find((each) => each === texts[name]) ?? given.enum[0]
  if (anyOf?.[0] !== undefined) return valueFor(anyOf[0], name, choices)
  switch (typeof type === 'object' ? type[0] : type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(properties ?? {})
          .filter(([each]) => choices.isShown(each, required.includes(each)))
          .map(([each, property]) => [each, valueFor(property, each, choices)]),
      )
    case 'array':
      return items === undefined ? [] : [valueFor(items, name, choices)]
    case 'integer':
    case 'number':
      return numbers[name] ?? Math.min(Math.max(1, minimum ?? 1), maximum ?? 1)
    case 'boolean':
      return false
    case 'string':
      return texts[name] ?? (format === undefined ? likeOthers(name) : formats[format]) ?? 'text'
    default:
      return null
  }
}

/** Answers have texts without a format of which the name says what they are. */
function likeOthers(name: string): string | undefined {
  if (/(?:At|Until|^until|^from|^at)$/.test(name)) return formats['date-time']
  if (/(?:Link|Url)$/.test(name)) return formats.uri
  return /^(?:correlation|causation)Id$/.test(name) ? formats.uuid : undefined
}
