import { createHash } from 'node:crypto'
import { onTestFinished } from 'vitest'
import type { Instant, OriginEvidence, Sha256Digest } from '../../../domain/index.ts'
import { createHttpApis } from '../../../origin/http-api/index.ts'
import { type ConnectorTools, secretOf } from '../../../origin/index.ts'
import { openOutgoing } from '../../../outgoing/index.ts'

/** What a connector of a test works with: the API at an address, and what it kept. */
export type TestTools = ConnectorTools & { readonly kept: ReadonlyMap<string, string> }

/**
 * @param system as errors name it
 * @param secrets of link and submission, by name
 */
export function connectorTools(
  system: string,
  baseUrl: string,
  secrets: Readonly<Record<string, string>>,
  now: string = '2026-11-30T08:00:00.000Z',
): TestTools {
  const kept = new Map<string, string>()
  const keep = async (name: string, mediaType: string, bytes: Uint8Array): Promise<OriginEvidence> => {
    kept.set(name, Buffer.from(bytes).toString())
    return { name, mediaType, sha256: sha256(bytes), size: bytes.length }
  }
  const outgoing = openOutgoing({ allowHttp: true, allowedNetworks: ['127.0.0.0/8'] })
  onTestFinished(() => outgoing.close())
  return {
    api: createHttpApis({ outgoing, now: () => Date.parse(now) }).open({ system, baseUrl }),
    secrets: Object.fromEntries(Object.entries(secrets).map(([name, text]) => [name, secretOf(text)])),
    keep,
    kept,
    now: () => now as Instant,
    signal: new AbortController().signal,
  }
}

function sha256(bytes: Uint8Array): Sha256Digest {
  return createHash('sha256').update(bytes).digest('hex') as Sha256Digest
}
