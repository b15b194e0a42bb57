// Not by the door, which loads what workers and signers do.
import { secretsOfLink } from '../activities/ask-build-system.ts'
import type { BuildQuestion, Builds, JobLink } from '../application/index.ts'
import { Refusal } from '../domain/index.ts'
import {
  buildSystemForms,
  claimsOfText,
  keepNothing,
  OriginError,
  type Origins,
  type Secret,
  secretOf,
  type UsedTokens,
  useOnce,
} from '../origin/index.ts'
import type { Secrets } from '../secrets/index.ts'

/** How long a build system may take at submission, in milliseconds: what it does not answer by then it is asked later. */
const earlyMs = 10_000

/** A token is for an issuer and ids, whatever is submitted with it. */
const noPlace = { slug: '', repositoryUrl: '' }

/** What use cases need of connectors to build systems: by the way outside of the process, and with what it keeps sealed. */
export function serviceBuilds(parts: {
  readonly origins: Pick<Origins, 'verifyEarly' | 'announcedDigest'>
  readonly secrets: Pick<Secrets, 'get'>
  readonly usedTokens: Pick<UsedTokens, 'use'>
  readonly now: () => string
}): Builds {
  const { origins, secrets, usedTokens, now } = parts

  /** What the connector is asked, and with what. */
  async function asked({ fields, secrets: given, link, organizationId, ...build }: BuildQuestion) {
    const { signingRequestId: _, isWhole: _isWhole, ...question } = build
    const opened: Record<string, Secret> = {}
    for (const [name, text] of Object.entries(given)) opened[name] = secretOf(text)
    return {
      question: { ...question, settings: link.settings, build: fields },
      tools: {
        secrets: { ...(await secretsOfLink(secrets, link, { organizationId })), ...opened },
        ...{ keep: keepNothing, now, signal: AbortSignal.timeout(earlyMs) },
      },
    }
  }

  return {
    async verify(build) {
      const { question, tools } = await asked(build)
      const finding = await origins.verifyEarly(question, tools, { isWhole: build.isWhole ?? false })
      if (build.signingRequestId !== null && finding?.identityToken !== undefined)
        await useOnce(usedTokens, finding.identityToken, build.signingRequestId)
    },
    async announcedDigest(build) {
      const { question, tools } = await asked(build)
      try {
        return await origins.announcedDigest(question, tools)
      } catch (error) {
        throw error instanceof OriginError && !error.isPassing ? new Refusal(error.code, error.message) : error
      }
    },
    linksOfJob(links, token) {
      const claims = claimsOfText(token)
      return links.filter(({ kind, settings }) => buildSystemForms.isOfLink(kind, settings, claims))
    },
    async verifyJob({ kind, settings }: JobLink, token, artifact) {
      const question = { kind, settings, build: {}, artifact, claimed: null, project: noPlace, signingPolicy: noPlace }
      const secretsOfJob = { identityToken: secretOf(token) }
      const tools = { secrets: secretsOfJob, keep: keepNothing, now, signal: AbortSignal.timeout(earlyMs) }
      const finding = await origins.verifyEarly(question, tools)
      if (finding?.identityToken !== undefined) return finding.identityToken
      throw new OriginError('IDENTITY_TOKEN_KEYS_UNAVAILABLE', 'The issuer of the identity token did not answer.', {
        isPassing: true,
      })
    },
    useJob: (token, signingRequestId) => useOnce(usedTokens, token, signingRequestId),
  }
}
