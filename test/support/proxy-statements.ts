import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { UsedStatements } from '../../application/index.ts'
import { type NodeIdentity, type NodeStatement, type NodeStatementKey, signNodeStatement } from '../../domain/index.ts'

/** A node as a proxy knows it. */
export const buildNode: NodeIdentity = {
  subject: 'CN=build-01,OU=Build nodes',
  issuer: 'CN=Issuing,O=Authorities',
  serialNumber: '1f',
  fingerprint: 'ab'.repeat(32),
  templateId: '1.3.6.1.4.1.311.21.8.1',
  templateVersion: '100.3',
  templateName: null,
  ruleSet: 'release-nodes',
}

/** The same node as events name it. */
export const recordedNode = {
  subject: 'CN=build-01,OU=Build nodes',
  issuer: 'CN=Issuing,O=Authorities',
  serialNumber: '1f',
  template: '1.3.6.1.4.1.311.21.8.1',
  rule: 'release-nodes',
} as const

/** What signs statements as a proxy does. */
export type StatementSigner = {
  readonly key: NodeStatementKey
  /** A statement about {@link buildNode} for a GET of `/`, now, unless it is said otherwise. */
  readonly state: (said: Partial<NodeStatement> & Pick<NodeStatement, 'trustedBuildSystemId'>) => string
}

/** Makes a key of a proxy. */
export function newStatementSigner(): StatementSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const der = publicKey.export({ format: 'der', type: 'spki' })
  const key = { keyId: createHash('sha256').update(der).digest('hex'), publicKey: der.toString('base64') }
  return {
    key,
    state: (said) =>
      signNodeStatement(
        {
          node: buildNode,
          method: 'GET',
          target: '/',
          issuedAt: new Date().toISOString(),
          nonce: randomBytes(16).toString('hex'),
          bodySha256: null,
          ...said,
        },
        key.keyId,
        (bytes) => sign(null, bytes, privateKey),
      ),
  }
}

/** Remembers in memory which statements were used. */
export function statementsInMemory(): UsedStatements {
  const used = new Set<string>()
  return {
    async use({ trustedBuildSystemId, nonce }) {
      const id = `${trustedBuildSystemId} ${nonce}`
      if (used.has(id)) return false
      used.add(id)
      return true
    },
  }
}
