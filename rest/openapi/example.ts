/** A JSON Schema, as far as examples are made of it. */
type Schema = {
  readonly type?: string
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
  commonName: 'Example GmbH',
  email: 'ida@example.com',
  fileName: 'setup.exe',
  fileNames: '*.exe',
  label: 'release-2026',
  name: 'Release signing',
  notAfter: '2027-12-31T00:00:00.000Z',
  notBefore: '2026-12-31T00:00:00.000Z',
  project: 'demo',
  projectSlug: 'demo',
  rsaHashAlgorithm: '2.16.840.1.101.3.4.2.1',
  server: 'internal-authority',
  sha256Hash: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  signingPolicy: 'release-signing',
  signingPolicySlug: 'release-signing',
  slug: 'demo',
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
  uuid: '7f3c2f0e-5a1d-4c0b-9f6a-2b1e8d4c3a5f',
}

/** A value that a schema takes: of objects the fields that must be given, and some by which it is understood. */
export function exampleOf(schema: object, name = ''): unknown {
  const { type, format, anyOf, items, properties, required = [], minimum, maximum, ...given } = schema as Schema
  if ('const' in given) return given.const
  if (given.enum !== undefined) return given.enum.find((each) => each === texts[name]) ?? given.enum[0]
  if (anyOf?.[0] !== undefined) return exampleOf(anyOf[0], name)
  switch (type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(properties ?? {})
          .filter(([each]) => required.includes(each) || shown.has(each))
          .map(([each, property]) => [each, exampleOf(property, each)]),
      )
    case 'array':
      return items === undefined ? [] : [exampleOf(items, name)]
    case 'integer':
    case 'number':
      return numbers[name] ?? Math.min(Math.max(1, minimum ?? 1), maximum ?? 1)
    case 'boolean':
      return false
    case 'string':
      return texts[name] ?? (format === undefined ? undefined : formats[format]) ?? 'text'
    default:
      return null
  }
}
