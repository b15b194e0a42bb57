import {
  type ChangeProposal,
  type ChangeProposalId,
  changeProposalDecider,
  fold,
  type LinkSecretId,
  parseStreamName,
  streams,
  type TrustedBuildSystemState,
  trustedBuildSystemDecider,
} from '../domain/index.ts'
import { readWholeStream } from '../event-log/index.ts'
import { forgetSecrets, type KeptSecret } from './kept-secrets.ts'
import { linkSecretPlace } from './link-secrets.ts'
import { load } from './load.ts'
import type { ApplicationDependencies } from './ports.ts'

type Dependencies = Pick<ApplicationDependencies, 'log' | 'secrets'>

/** So long a secret is kept beyond the time of the change that is to name it: an approval may be under way. In milliseconds. */
const graceMs = 24 * 60 * 60 * 1000

/**
 * Lets secrets that only a proposed change names expire with it: nothing else would remove them where nobody decides about it.
 * Where the store of secrets is away they stay, sealed.
 */
export async function keepUntilDecided(
  { log, secrets }: Dependencies,
  changeProposalId: ChangeProposalId,
  kept: readonly KeptSecret[],
): Promise<void> {
  if (kept.length === 0) return
  const { state } = await load(log, streams.changeProposal(changeProposalId), changeProposalDecider)
  if (state.status === 'none') return
  const expiresAt = new Date(Date.parse(state.expiresAt) + graceMs).toISOString()
  for (const { place, text } of kept) await secrets.put(place, Buffer.from(text), { expiresAt }).catch(() => undefined)
}

/** Keeps secrets that a change names for as long as the log does: called before the change is applied. */
export async function keepForGood({ log, secrets }: Dependencies, proposal: ChangeProposal): Promise<void> {
  const { named, before } = await secretsOf({ log }, proposal)
  for (const id of named) {
    if (before.includes(id)) continue
    const place = linkSecretPlace(proposal.organizationId, id)
    const secret = await secrets.get(place)
    if (secret !== undefined) await secrets.put(place, secret)
  }
}

/**
 * Removes secrets that the build system does not name, after the change was applied or will not be: those that it replaced, or those
 * that it would have brought.
 */
export async function forgetAfterChange(dependencies: Dependencies, proposal: ChangeProposal): Promise<void> {
  const { named, before, now } = await secretsOf(dependencies, proposal)
  const over = [...new Set([...named, ...before])].filter((id) => !now.includes(id))
  await forgetSecrets(
    dependencies,
    over.map((id) => linkSecretPlace(proposal.organizationId, id)),
  )
}

/** The secrets of links that a change names, and that its build system named before it and names now. */
async function secretsOf({ log }: Pick<Dependencies, 'log'>, { target, events, baseRevision }: ChangeProposal) {
  const none: readonly LinkSecretId[] = []
  if (parseStreamName(target)?.kind !== 'trustedBuildSystem') return { named: none, before: none, now: none }
  const named = events.flatMap(
    ({ data }) => (data as { secrets?: readonly { secretId: LinkSecretId }[] }).secrets ?? [],
  )
  const history = (await readWholeStream(log, target)).events
  return {
    named: named.map(({ secretId }) => secretId),
    before: idsIn(fold(trustedBuildSystemDecider, history.slice(0, (baseRevision ?? -1) + 1))),
    now: idsIn(fold(trustedBuildSystemDecider, history)),
  }
}

function idsIn(state: TrustedBuildSystemState): readonly LinkSecretId[] {
  if (state.status === 'none') return []
  return state.links.flatMap(({ secrets }) => secrets.map(({ secretId }) => secretId))
}
