import { z } from 'zod'
import { type DirectiveOrder, type HashAlgorithm, hashAlgorithms, type KeyAlgorithm } from '../../domain/index.ts'
import { inDerOrder } from '../cms/index.ts'
import type { DirectiveDefinition } from '../signature-format.ts'

/** The most owners that a signature names, and the most characters of a name. */
const ownerLimit = { count: 50, length: 100 } as const

const serviceIndexUrl = z
  .string()
  .max(2000)
  .regex(/^https:\/\/[\x21-\x7e]+$/, 'must be an absolute https address in ASCII')
  .refine((url) => URL.canParse(url), 'must be an absolute https address in ASCII')

const packageOwners = z
  .string()
  .overwrite((text) => ownersOf(text).join(','))
  .refine((text) => {
    const owners = ownersOf(text)
    return owners.length <= ownerLimit.count && owners.every((owner) => isName(owner))
  }, `must be at most ${ownerLimit.count} names, parted by commas, of 1 to ${ownerLimit.length} characters each, without control characters`)

const attributes = z
  .strictObject({
    'signature-type': z.enum(['author', 'repository']).default('author').meta({
      title: 'signature type',
      description: 'Whether its author signs the package, or the repository that gives it out.',
    }),
    'service-index-url': serviceIndexUrl
      .nullable()
      .default(null)
      .meta({ title: 'service index', description: 'Where the index of the repository is (its V3 address).' }),
    'package-owners': packageOwners
      .nullable()
      .default(null)
      .meta({ title: 'owners', description: 'Who owns the package in the repository: names, parted by commas.' }),
    'hash-algorithm': z.enum(hashAlgorithms).default('sha256').meta({ title: 'digest algorithm' }),
    append: z
      .boolean()
      .default(false)
      .meta({ title: 'append', description: 'Whether signatures that the package has already are kept.' }),
  })
  .check((context) => {
    const { 'signature-type': type, 'service-index-url': url, 'package-owners': owners } = context.value
    const wrong =
      type === 'repository' && url === null
        ? 'a signature of the type repository needs service-index-url'
        : type === 'author' && (url !== null || owners !== null)
          ? 'service-index-url and package-owners belong to signatures of the type repository'
          : undefined
    if (wrong !== undefined) context.issues.push({ code: 'custom', message: wrong, input: context.value, path: [] })
  })

/** What is asked for a package. */
export interface NugetOrder {
  readonly type: 'author' | 'repository'
  readonly serviceIndexUrl: string | null
  readonly owners: readonly string[]
  readonly hash: HashAlgorithm
  readonly append: boolean
}

/** NuGet takes no other keys (NU3014). */
const keyAlgorithms: readonly KeyAlgorithm[] = ['rsa-2048', 'rsa-3072', 'rsa-4096']

/** The directive by which NuGet packages are signed. */
export const nugetSign: DirectiveDefinition = {
  name: 'nuget-sign',
  attributes,
  // Kept signatures are in the package; that they were to be kept is not.
  untraceable: ['append'],
  keyAlgorithms,
  timestamps: true,
  // NuGet's own client writes the set so.
  embeddedCertificates: inDerOrder,
}

/** An order's attributes, with defaults where none are given. */
export function nugetOrder({ attributes: given }: DirectiveOrder): NugetOrder {
  const parsed = attributes.parse(given)
  const owners = parsed['package-owners']
  return {
    type: parsed['signature-type'],
    serviceIndexUrl: parsed['service-index-url'],
    owners: owners === null ? [] : ownersOf(owners),
    hash: parsed['hash-algorithm'],
    append: parsed.append,
  }
}

/** The names in a text, without the blanks around them. */
function ownersOf(text: string): readonly string[] {
  return text.split(',').map((owner) => owner.trim())
}

function isName(owner: string): boolean {
  return (
    owner !== '' &&
    owner.length <= ownerLimit.length &&
    owner.isWellFormed() &&
    !/[\p{Cc}\p{Bidi_Control}]/u.test(owner)
  )
}
