import type { AttributeValue, CertificateFormat, DirectiveOrder, KeyAlgorithm, PlanWording } from '../domain/index.ts'
import type { DirectiveDefinition, SignatureFormat } from './signature-format.ts'
import { SigningError } from './signing-error.ts'

/**
 * The definition of a directive of a format.
 *
 * @throws SigningError `DIRECTIVE_INVALID` when the format has none of this name
 */
export function directiveDefinition(
  format: Pick<SignatureFormat, 'name' | 'directives'>,
  name: string,
): DirectiveDefinition {
  const definition = format.directives.find((each) => each.name === name)
  if (definition !== undefined) return definition
  const known = format.directives.map((each) => each.name).join(', ')
  throw new SigningError(
    'DIRECTIVE_INVALID',
    `Files of the format ${format.name} cannot be signed by ${name}; they can by: ${known}.`,
  )
}

/** What a policy allows, and what it signs with, as far as orders depend on it. */
export type OrderLimits = {
  readonly keyAlgorithm: KeyAlgorithm
  readonly timestamp: 'required' | 'none'
  /** Of the policy's certificate; X.509 when it is left out. */
  readonly certificateFormat?: CertificateFormat
  /** Whether the policy allows signatures of bytes that say nothing of what they are. */
  readonly rawSigningAllowed?: boolean
}

/**
 * The orders as a plan names them: each attribute checked, those that are not given at their defaults. Refuses what cannot
 * be made with the certificate and its key, what the policy does not allow, and what cannot carry a time-stamp where one is demanded.
 *
 * @throws SigningError `DIRECTIVE_INVALID`, `CERTIFICATE_FORMAT_UNSUITABLE`, `KEY_ALGORITHM_UNSUITABLE`, `TIMESTAMP_NOT_POSSIBLE`,
 *   `RAW_SIGNING_NOT_ALLOWED`, and what the directive refuses a key with, such as `RSA_PADDING_MISSING`
 */
export function completeOrders(
  format: Pick<SignatureFormat, 'name' | 'directives'>,
  orders: readonly DirectiveOrder[],
  policy: OrderLimits,
): readonly DirectiveOrder[] {
  return orders.map(({ directive, attributes }) => {
    const definition = directiveDefinition(format, directive)
    checkCertificateFormat(definition, policy.certificateFormat)
    if (!definition.keyAlgorithms.includes(policy.keyAlgorithm))
      throw new SigningError(
        'KEY_ALGORITHM_UNSUITABLE',
        `${directive} cannot be made with a key of the type ${policy.keyAlgorithm}, only with ${definition.keyAlgorithms.join(', ')}.`,
      )
    if (policy.timestamp === 'required' && !definition.timestamps)
      throw new SigningError(
        'TIMESTAMP_NOT_POSSIBLE',
        `The policy demands a time-stamp, and signatures by ${directive} cannot carry one.`,
      )
    if (definition.signsRaw && policy.rawSigningAllowed !== true)
      throw new SigningError(
        'RAW_SIGNING_NOT_ALLOWED',
        `${directive} makes signatures that can be made into one of any format, and the policy does not allow such. A project administrator can allow hash signing (hashSigningAllowed).`,
      )
    const parsed = definition.attributes.safeParse(attributes)
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      const where = issue === undefined || issue.path.length === 0 ? '' : ` ${issue.path.join('.')}`
      throw new SigningError(
        'DIRECTIVE_INVALID',
        `The attributes of ${directive} are wrong:${where}: ${issue?.message}`,
      )
    }
    const complete = parsed.data as Readonly<Record<string, AttributeValue>>
    definition.checkKey?.(complete, policy.keyAlgorithm)
    return { directive, attributes: complete }
  })
}

/** OpenPGP signatures are verified with OpenPGP certificates, all others with X.509 ones. */
function checkCertificateFormat(
  { name, certificateFormat: wanted = 'x509' }: DirectiveDefinition,
  given: CertificateFormat = 'x509',
): void {
  if (wanted === given) return
  throw new SigningError(
    'CERTIFICATE_FORMAT_UNSUITABLE',
    wanted === 'openpgp'
      ? `${name} signs with an OpenPGP key, and the policy's certificate is an X.509 one. Use a policy with a certificate of the kind OpenPGP key.`
      : `${name} signs with an X.509 certificate, and the policy's is an OpenPGP key, which only signs by create-gpg-signature.`,
  )
}

/**
 * The only one of a file's directives, for formats whose files take one.
 *
 * @throws SigningError `PLAN_NOT_SUPPORTED` when there is none, or more than one
 */
export function onlyDirective<Order extends DirectiveOrder>(directives: readonly Order[]): Order {
  const [directive, ...others] = directives
  if (directive === undefined || others.length > 0)
    throw new SigningError(
      'PLAN_NOT_SUPPORTED',
      `There are ${directives.length} directives for the file; one can be carried out.`,
    )
  return directive
}

/** What the formats of this release call themselves and their attributes. */
export function planWording(formats: readonly SignatureFormat[]): PlanWording {
  const find = (name: string) => formats.find((format) => format.name === name)
  return {
    formatTitle: (format) => find(format)?.title ?? format,
    attributes(format, { directive, attributes }) {
      const definition = find(format)?.directives.find(({ name }) => name === directive)
      const defined = Object.keys(definition?.attributes.shape ?? {}).filter((name) => name in attributes)
      return [...new Set([...defined, ...Object.keys(attributes)])].map((name) => {
        const value = attributes[name] ?? null
        return { name, title: attributeTitle(definition, name), value: value === null ? null : String(value) }
      })
    },
  }
}

/** What people call an attribute; its name when the definition does not say, or there is none. */
export function attributeTitle(definition: DirectiveDefinition | undefined, name: string): string {
  const member = definition?.attributes.shape[name] as { meta?(): { readonly title?: string } | undefined } | undefined
  return member?.meta?.()?.title ?? name
}
