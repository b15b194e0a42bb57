import { createPublicKey, verify } from 'node:crypto'
import {
  buildNodeOf,
  demandsProxy,
  type NodeStatement,
  nodeStatementLifetimeMs,
  Refusal,
  readNodeStatement,
  registeredKeys,
  type StatedRequest,
  type TrustedBuildSystem,
  type Voucher,
  verifyNodeStatement,
} from '../domain/index.ts'
import type { ApplicationDependencies } from './ports.ts'

/** What an authentication proxy says with a call, and what of the call it must fit. */
export type StatedCall = Pick<StatedRequest, 'method' | 'target' | 'bodySha256'> & {
  /** The header `Countersign-Node-Statement`, as it came. */
  readonly statement: string
}

/** What a voucher has of a build node behind a proxy. */
export type StatedNode = Pick<Voucher, 'node' | 'nodeStatement'>

/** For how long a use is remembered beyond the life of a statement, in milliseconds: the clocks of processes differ. */
const spareMs = 5 * 60_000

/**
 * The build node of which an authentication proxy says that the call is its own. A statement counts for the one call with which it
 * came; later questions about the same call ask whether its key is still registered.
 *
 * @param system whose token came with the call
 * @param before what was found when the same call was looked at first
 * @throws Refusal `PROXY_BYPASSED`, `PROXY_STATEMENT_MALFORMED`, `PROXY_STATEMENT_UNTRUSTED`, `PROXY_STATEMENT_EXPIRED`,
 *   `PROXY_STATEMENT_MISMATCH`, `PROXY_STATEMENT_USED`
 * @throws an error of the store of uses, which is passing
 */
export async function statedNode(
  { usedStatements, now }: Pick<ApplicationDependencies, 'usedStatements' | 'now'>,
  system: TrustedBuildSystem,
  stated: StatedCall | undefined,
  before?: StatedNode,
): Promise<StatedNode> {
  if (stated === undefined) {
    if (demandsProxy(system))
      throw new Refusal(
        'PROXY_BYPASSED',
        `Calls with the token of the trusted build system ${system.slug} come by its authentication proxy, which says with each of them which build node it is for. This one did not: call the proxy, with the client certificate of the node.`,
      )
    return { node: null }
  }
  const { statement: nodeStatement, ...request } = stated
  const keys = registeredKeys(system.proxyKeys)
  if (before?.nodeStatement === nodeStatement) {
    readNodeStatement(nodeStatement, keys, isSignature)
    return before
  }
  const { trustedBuildSystemId } = system
  const said = verifyNodeStatement(nodeStatement, { ...request, trustedBuildSystemId, at: now() }, keys, isSignature)
  // Last: whoever sends a statement that does not hold uses none.
  await useOnce(usedStatements, said)
  return { node: buildNodeOf(said.node), nodeStatement }
}

/** The refusal of a statement that came without the token of a build system: no proxy sends one so. */
export function statementWithoutToken(): Refusal {
  return new Refusal(
    'PROXY_STATEMENT_UNTRUSTED',
    'A statement about a build node came without the token of a trusted build system, which a proxy sends with it. Call the proxy, or leave the statement out.',
  )
}

async function useOnce(
  usedStatements: ApplicationDependencies['usedStatements'],
  { trustedBuildSystemId, nonce, issuedAt }: Pick<NodeStatement, 'trustedBuildSystemId' | 'nonce' | 'issuedAt'>,
): Promise<void> {
  if (usedStatements === undefined)
    throw new Error('This process remembers no statements of proxies, and so takes none.')
  const expiresAt = new Date(Date.parse(issuedAt) + nodeStatementLifetimeMs + spareMs).toISOString()
  if (await usedStatements.use({ trustedBuildSystemId, nonce, expiresAt })) return
  throw new Refusal(
    'PROXY_STATEMENT_USED',
    'The statement about the build node came with an earlier call already, and each is for one call. Whatever stands between proxy and service must not send calls again.',
  )
}

/** Whether an Ed25519 key (DER SubjectPublicKeyInfo, base64) made the signature of these bytes. */
function isSignature(publicKey: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  return verify(
    null,
    bytes,
    createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' }),
    signature,
  )
}
