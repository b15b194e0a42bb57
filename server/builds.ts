import { createHash } from 'node:crypto'
import type { Builds } from '../application/index.ts'
import type { OriginEvidence, Sha256Digest } from '../domain/index.ts'
import { type Origins, type Secret, secretOf, type UsedTokens, useOnce } from '../origin/index.ts'
import type { Secrets } from '../secrets/index.ts'

/** How long a build system may take at submission, in milliseconds: what it does not answer by then it is asked later. */
const earlyMs = 10_000

/** What use cases need of connectors to build systems: by the way outside of the process, and with what it keeps sealed. */
export function serviceBuilds(parts: {
  readonly origins: Pick<Origins, 'verifyEarly'>
  readonly secrets: Pick<Secrets, 'get'>
  readonly usedTokens: Pick<UsedTokens, 'use'>
  readonly now: () => string
}): Builds {
  const { origins, secrets, usedTokens, now } = parts
  return {
    async verify({ signingRequestId, fields, secrets: given, link, organizationId, ...question }) {
      const opened: Record<string, Secret> = {}
      for (const { name, secretId: id } of link.secrets) {
        const kept = await secrets.get({ organizationId, purpose: 'buildSystemSecret', id })
        if (kept !== undefined) opened[name] = secretOf(kept.toString())
      }
      for (const [name, text] of Object.entries(given)) opened[name] = secretOf(text)
      const finding = await origins.verifyEarly(
        { ...question, settings: link.settings, build: fields },
        { secrets: opened, keep: notKept, now, signal: AbortSignal.timeout(earlyMs) },
      )
      if (signingRequestId !== null && finding?.identityToken !== undefined)
        await useOnce(usedTokens, finding.identityToken, signingRequestId)
    },
  }
}

/** Nothing is recorded that could name it. What the build system answers is kept when it is asked for the request. */
async function notKept(name: string, mediaType: string, bytes: Uint8Array): Promise<OriginEvidence> {
  const sha256 = createHash('sha256').update(bytes).digest('hex') as Sha256Digest
  return { name, mediaType, sha256, size: bytes.byteLength }
}
