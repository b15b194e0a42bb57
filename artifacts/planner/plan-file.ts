import type { AttributeValue, DirectiveOrder, ExistingSignature, SigningDirective } from '../../domain/index.ts'
import type { DetachedSignature } from '../../signing/detached-signature.ts'
import { completeOrders } from '../../signing/directives.ts'
import type { DirectiveDefinition, OpenFile, SignatureFormat } from '../../signing/signature-format.ts'
import { ArtifactError } from '../artifact-error.ts'
import { type DirectiveNode, withFileName } from '../configuration/index.ts'
import { sha256Of } from '../documents/paged-document.ts'
import { digestFile } from './digest-file.ts'
import { judged, verifierOf } from './foreign-signatures.ts'
import { elementText, type Meant, recognizeAs } from './format-of-element.ts'
import { existingSignaturesOf } from './look-at.ts'
import { alreadySigned } from './planning-errors.ts'
import type { TreeMeans } from './tree-means.ts'

/** What is planned of a file, beside its place and bytes. */
export type PlannedContent = {
  readonly format: SignatureFormat | undefined
  /** What plans call it. */
  readonly formatName: string | null
  readonly existingSignatures: readonly ExistingSignature[]
  readonly directives: readonly SigningDirective[]
  readonly metadata: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
  /** Names of the files that signatures become, in the order of their directives. */
  readonly outputs: readonly string[]
}

/** What plans call a file whose signatures become files of their own. */
const detachedFormat = 'file'

/**
 * Settles what is done to a file that an element means: it must be of the element's kind, say of itself what is demanded, and pass the checks
 * that stand before signing.
 *
 * @throws ArtifactError `FILE_NOT_OF_ELEMENT`, `METADATA_MISMATCH`, `DIRECTIVE_NOT_SUPPORTED`, `FILE_ALREADY_SIGNED`,
 *   `EXISTING_SIGNATURE_REPLACED`; SigningError `DIRECTIVE_INVALID`, `KEY_ALGORITHM_UNSUITABLE`, `TIMESTAMP_NOT_POSSIBLE`, the codes of the
 *   format and of the checks; the signal's reason
 */
export async function planFile(means: TreeMeans, meant: Meant, file: OpenFile): Promise<PlannedContent> {
  const { element } = meant
  const format = await recognizeAs(meant, file, means.formats)
  const metadata = await metadataOf(means, format, file)
  requireMetadata(meant, metadata)
  const weaknesses = await verifyFirst(means, element.verifications, format, file)
  const unsigned = { format, formatName: format?.name ?? null, metadata, directives: [], outputs: [] }
  const { keepIssuedBy } = element.options
  const keeper = format && keepIssuedBy.length > 0 ? await keptBy(means, keepIssuedBy, format, file) : undefined
  const orders = keeper === undefined ? ordersOf(means, format, element.directives, file.name) : []
  if (orders.length === 0) {
    const existingSignatures = format === undefined ? [] : await existingSignaturesOf(means, format, file)
    const kept = keeper === undefined ? [] : [`It stays as it is: ${keeper} has signed it.`]
    return { ...unsigned, existingSignatures, warnings: [...weaknesses, ...kept] }
  }
  const detached = detachedOf(means, orders)
  if (detached !== undefined)
    return { ...unsigned, ...(await planDetached(means, detached, orders, file)), formatName: detachedFormat }
  if (format === undefined) throw unsupported(element.directives[0], meant)
  const { existingSignatures, directives, warnings = [] } = await planSigned(means, format, orders, file)
  const unstamped = unstampedBy(means, format.directives, directives)
  return { ...unsigned, existingSignatures, directives, warnings: [...weaknesses, ...warnings, ...unstamped] }
}

/** What those who approve should know of signatures that carry no time-stamp though the policy demands them. */
function unstampedBy(
  { timestamp }: Pick<TreeMeans, 'timestamp'>,
  definitions: readonly DirectiveDefinition[],
  directives: readonly SigningDirective[],
): readonly string[] {
  if (timestamp === 'none') return []
  const unable = directives.filter(({ directive }) =>
    definitions.some((each) => each.name === directive && !each.timestamps),
  )
  return unable.map(({ directive }) => `The signature by ${directive} carries no time-stamp: it has no place for one.`)
}

/** The signature beside files that a directive makes. */
export function detachedBy(
  { detached }: Pick<TreeMeans, 'detached'>,
  { directive }: DirectiveOrder,
): DetachedSignature | undefined {
  return detached.find(({ definition }) => definition.name === directive)
}

async function planSigned(
  means: TreeMeans,
  format: SignatureFormat,
  orders: readonly DirectiveOrder[],
  file: OpenFile,
) {
  const { passes, signal, onProgress, existingSignatures: treatment } = means
  const digested = await digestFile(format, file, orders, { passes, signal, onProgress })
  const planned = await format.plan(digested, orders, { passes, signal, onProgress })
  const { existingSignatures } = planned
  if (treatment === 'refuse' && existingSignatures.length > 0) throw alreadySigned(existingSignatures)
  if (treatment === 'append' && existingSignatures.some(({ outcome }) => outcome === 'replaced'))
    throw new ArtifactError(
      'EXISTING_SIGNATURE_REPLACED',
      'The file carries signatures already, which the submission keeps and the artifact configuration replaces. Write append="true" there, or submit to replace them.',
    )
  return planned
}

async function planDetached(
  means: TreeMeans,
  detached: readonly DetachedSignature[],
  orders: readonly DirectiveOrder[],
  file: OpenFile,
): Promise<Pick<PlannedContent, 'directives' | 'outputs' | 'existingSignatures' | 'warnings'>> {
  const { passes, signal, onProgress } = means
  const directives: SigningDirective[] = []
  for (const [index, order] of orders.entries())
    directives.push(await (detached[index] as DetachedSignature).plan(file, order, { passes, signal, onProgress }))
  const outputs = directives.map(({ attributes }) => String(attributes['output-file-name']))
  const warnings = unstampedBy(
    means,
    detached.map(({ definition }) => definition),
    directives,
  )
  return { directives, outputs, existingSignatures: [], warnings }
}

/** For each order the signature that it makes beside the file; `undefined` when they sign the file itself. */
function detachedOf(means: TreeMeans, orders: readonly DirectiveOrder[]): readonly DetachedSignature[] | undefined {
  const found = orders.flatMap((order) => detachedBy(means, order) ?? [])
  if (found.length < orders.length) return undefined
  return found
}

/** What is asked for, complete. */
function ordersOf(
  means: TreeMeans,
  format: SignatureFormat | undefined,
  nodes: readonly DirectiveNode[],
  fileName: string,
): readonly DirectiveOrder[] {
  const { existingSignatures, detached } = means
  return nodes.flatMap((node) => {
    const beside = detached.find(({ definition }) => definition.name === node.name)
    const able =
      beside === undefined ? format : { name: detachedFormat, directives: detached.map(({ definition }) => definition) }
    const definition = able?.directives.find(({ name }) => name === node.name)
    if (able === undefined || definition === undefined) throw unsupported(node, undefined)
    // What the submission wants holds where the configuration says nothing.
    const keeps = existingSignatures === 'append' && 'append' in definition.attributes.shape
    const attributes = { ...(keeps && { append: true }), ...withName(node.attributes, fileName) }
    // A signature without a place for a time-stamp is made without one, which the plan says.
    const timestamp = definition.timestamps ? means.timestamp : 'none'
    return completeOrders(able, [{ directive: node.name, attributes }], { ...means, timestamp })
  })
}

/** The attributes with the file's own name where they name it. */
function withName(
  attributes: Readonly<Record<string, AttributeValue>>,
  fileName: string,
): Readonly<Record<string, AttributeValue>> {
  const named = (value: AttributeValue) => (typeof value === 'string' ? withFileName(value, fileName) : value)
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, named(value)]))
}

async function metadataOf(
  { passes, signal, onProgress }: TreeMeans,
  format: SignatureFormat | undefined,
  { handle, size, name }: OpenFile,
): Promise<Readonly<Record<string, string>>> {
  if (format?.readMetadata === undefined) return {}
  const layout = await format.readLayout(handle, size, name)
  return format.readMetadata({ handle, size, layout }, { passes, signal, onProgress })
}

/** A file must say of itself what its element demands. */
function requireMetadata(meant: Meant, found: Readonly<Record<string, string>>): void {
  const demanded = meant.path?.restrictions ?? meant.element.restrictions
  for (const [name, value] of Object.entries(demanded)) {
    const has = Object.hasOwn(found, name) ? found[name] : undefined
    if (has === value) continue
    const said = has === undefined ? `it has no ${name}` : `its ${name} is "${has}"`
    throw new ArtifactError(
      'METADATA_MISMATCH',
      `The element ${elementText(meant)} demands the ${name} "${value}"; ${said}.`,
    )
  }
}

/**
 * Checks the signatures that a file must have before it is signed.
 *
 * @returns what is weak about them
 */
async function verifyFirst(
  means: TreeMeans,
  nodes: readonly DirectiveNode[],
  format: SignatureFormat | undefined,
  file: OpenFile,
): Promise<readonly string[]> {
  const weaknesses: string[] = []
  for (const node of nodes) {
    const verifier = verifierOf(means, format, node.name)
    if (verifier === undefined) throw unsupported(node, undefined)
    const { isAccepted, signatures } = await judged(means, verifier, file)
    const broken = signatures.find(({ verdict }) => verdict !== 'valid')
    if (!isAccepted)
      throw new ArtifactError(
        'VERIFICATION_FAILED',
        broken === undefined
          ? `${node.name} demands a signature, and the file carries none.`
          : `${node.name} demands valid signatures, and that of ${broken.signer ?? 'an unknown signer'} is not: ${broken.reason}`,
      )
    weaknesses.push(...signatures.flatMap((each) => each.weaknesses))
  }
  return weaknesses
}

/** Who of those whose files stay as they are has signed this one. */
async function keptBy(
  means: TreeMeans,
  thumbprints: readonly string[],
  format: SignatureFormat,
  file: OpenFile,
): Promise<string | undefined> {
  const verifier = verifierOf(means, format)
  if (verifier === undefined) return undefined
  const trustedCertificates = means.trust.trustedCertificates.filter((each) => thumbprints.includes(sha256Of(each)))
  const { signatures } = await judged(means, verifier, file, { trustedCertificates, trustedThumbprints: thumbprints })
  const keeping = signatures.find(({ verdict }) => verdict === 'valid')
  return keeping && (keeping.signer ?? 'somebody')
}

function unsupported(node: DirectiveNode | undefined, meant: Meant | undefined): ArtifactError {
  const place = node?.position ?? meant?.element.position
  return new ArtifactError(
    'DIRECTIVE_NOT_SUPPORTED',
    `The directive ${node?.name} (line ${place?.line}, column ${place?.column}) cannot be carried out by this release for such files.`,
  )
}
