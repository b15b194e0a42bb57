import type { OriginEvidence, VerifiedOrigin } from '../../domain/verified-origin.ts'
import type { ConnectorTools, OriginFinding } from '../connector.ts'
import { OriginError } from '../origin-error.ts'
import { withoutUsers } from './addresses.ts'
import { type CheckList, createCheckList } from './checks.ts'

/** What a connector that asks an API gathers until it can say what it found. */
export type Asking = {
  readonly checks: CheckList
  /** Keeps an answer in JSON as evidence, without the users and passwords of addresses in it. */
  readonly keep: (name: string, bytes: Uint8Array) => Promise<void>
  /** The finding, with the checks and the evidence that there are. */
  readonly finding: (origin: VerifiedOrigin | null) => OriginFinding
}

/** Begins without checks and without evidence. */
export function createAsking(tools: Pick<ConnectorTools, 'keep'>): Asking {
  const checks = createCheckList()
  const evidence: OriginEvidence[] = []
  return {
    checks,
    async keep(name, bytes) {
      const text = withoutUsers(Buffer.from(bytes).toString('utf8'))
      evidence.push(await tools.keep(name, 'application/json', Buffer.from(text)))
    },
    finding: (origin) => ({ origin, proof: 'api', checks: checks.made, evidence }),
  }
}

/**
 * The secret `apiKey` of a link.
 *
 * @param missing what is wrong when there is none, for people
 * @throws OriginError `ORIGIN_CREDENTIALS_MISSING`
 */
export function requireApiKey({ secrets }: Pick<ConnectorTools, 'secrets'>, missing: string): string {
  const key = secrets.apiKey?.reveal()
  if (key === undefined) throw new OriginError('ORIGIN_CREDENTIALS_MISSING', missing)
  return key
}
