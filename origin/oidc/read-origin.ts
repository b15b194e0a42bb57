import {
  failedCheck,
  isCommitId,
  normalizedRepositoryUrl,
  type OriginCheck,
  passedCheck,
  type VerifiedOrigin,
} from '../../domain/index.ts'
import { type TokenClaims, textClaim } from '../identity-token/index.ts'
import { readFullRef } from '../reading/index.ts'
import type { OidcField, OidcRef, OidcSettings } from './settings.ts'

/** Judges what must be so: one check for each claim. */
export function judgeRequired({ required }: OidcSettings, claims: TokenClaims): readonly OriginCheck[] {
  return required.map(({ claim, values }) => {
    const value = textClaim(claims, claim)
    const compared = { claim, value, allowed: values.join(', ') }
    if (value !== undefined && values.includes(value)) return passedCheck('requiredClaim', compared)
    if (value === undefined) return failedCheck('requiredClaim', missing(claim), compared)
    return failedCheck(
      'requiredClaim',
      {
        code: 'ORIGIN_CLAIM_REFUSED',
        message: `The claim ${claim} of the token is ${JSON.stringify(value)}, and the link takes ${values.map((each) => JSON.stringify(each)).join(' or ')}. Build where it is that, or have an administrator allow it.`,
      },
      compared,
    )
  })
}

/** What the claims of a token come to. */
export type ReadOrigin = { readonly origin: VerifiedOrigin | null; readonly checks: readonly OriginCheck[] }

/**
 * Reads the origin out of a token, as the link says where each field stands. Fields that are needed and missing, or of another form,
 * each are a failed check.
 */
export function readOrigin({ origin: fields, issuer }: OidcSettings, claims: TokenClaims): ReadOrigin {
  const checks: OriginCheck[] = []
  const read = (field: OidcField | undefined) => (field === undefined ? undefined : fieldOf(field, claims))
  const needed = (name: string, field: OidcField, form: (text: string) => boolean, what: string) => {
    const value = read(field)
    const compared = { field: name, claim: claimOf(field), value }
    if (value === undefined) checks.push(failedCheck(name, missing(claimOf(field)), compared))
    else if (!form(value)) checks.push(failedCheck(name, malformed(claimOf(field), what), compared))
    else checks.push(passedCheck(name, compared))
    return value ?? ''
  }
  const repositoryUrl = needed('repositoryUrl', fields.repositoryUrl, isRepositoryUrl, 'an address of a repository')
  const commitId = needed(
    'commitId',
    fields.commitId,
    isCommitId,
    'the id of a commit, of 40 or 64 hexadecimal characters',
  )
  const buildId = needed('buildId', fields.buildId, (text) => text.length <= 500, 'of 500 characters at the most')
  const ref = refOf(fields.ref, claims)
  checks.push(refCheck(fields.ref, claims, ref))
  if (ref === undefined || checks.some(({ outcome }) => outcome !== 'passed')) return { origin: null, checks }

  const initiatorId = read(fields.initiatorId)
  const attempt = Number(read(fields.attempt))
  return {
    checks,
    origin: {
      repository: {
        url: repositoryUrl,
        id: read(fields.repositoryId) ?? null,
        ownerId: read(fields.repositoryOwnerId) ?? null,
      },
      ref,
      commitId: commitId.toLowerCase(),
      build: {
        id: buildId,
        url: webAddress(read(fields.buildUrl)),
        attempt: Number.isSafeInteger(attempt) && attempt > 0 ? attempt : null,
        definition: read(fields.definition) ?? null,
        calledDefinition: read(fields.calledDefinition) ?? null,
        trigger: read(fields.trigger) ?? null,
        runners: runnersOf(fields.runners, claims),
      },
      actors:
        initiatorId === undefined
          ? []
          : [{ role: 'initiator', system: issuer, id: initiatorId, name: read(fields.initiatorName) ?? null }],
    },
  }
}

function fieldOf(field: OidcField, claims: TokenClaims): string | undefined {
  if (typeof field === 'string') return textClaim(claims, field)
  if ('text' in field) return field.text
  const value = textClaim(claims, field.claim)
  return value === undefined ? undefined : `${field.prefix}${value}${field.suffix}`
}

function claimOf(field: OidcField): string {
  if (typeof field === 'string') return field
  return 'text' in field ? 'a text of the link' : field.claim
}

function refOf(ref: OidcRef, claims: TokenClaims): VerifiedOrigin['ref'] | undefined {
  if (ref.form === 'separate') {
    const [branch, tag] = [textClaim(claims, ref.branchClaim), textClaim(claims, ref.tagClaim)]
    // Of a tag some issuers name the branch, too, or its name in place of one.
    if (tag !== undefined) return refOfKind('tag', tag)
    return branch === undefined ? undefined : refOfKind('branch', branch)
  }
  const value = textClaim(claims, ref.claim)
  if (value === undefined) return undefined
  if (ref.form === 'typed') {
    const type = textClaim(claims, ref.typeClaim)
    if (type === ref.branchType) return refOfKind('branch', value)
    return type === ref.tagType ? refOfKind('tag', value) : undefined
  }
  return fullRef(value)
}

/** GitHub's tokens say of a pull request that it is a branch, `refs/pull/1/merge`: what is written in full must be of its kind. */
function refOfKind(kind: 'branch' | 'tag', value: string): VerifiedOrigin['ref'] | undefined {
  if (!value.startsWith('refs/')) return { kind, name: value }
  const full = fullRef(value)
  return full?.kind === kind ? full : undefined
}

function fullRef(value: string): VerifiedOrigin['ref'] | undefined {
  const full = readFullRef(value)
  return full?.kind === 'pullRequest' ? undefined : full
}

function refCheck(ref: OidcRef, claims: TokenClaims, found: VerifiedOrigin['ref'] | undefined): OriginCheck {
  const names = claimsOfRef(ref)
  const compared = Object.fromEntries(names.map((name) => [name, textClaim(claims, name)]))
  if (found !== undefined) return passedCheck('ref', { ...compared, kind: found.kind, name: found.name })
  return failedCheck(
    'ref',
    {
      code: 'ORIGIN_REF_UNKNOWN',
      message: `The token names neither a branch nor a tag in ${names.join(' and ')}. Build a branch; for a pull request nothing is signed.`,
    },
    compared,
  )
}

function claimsOfRef(ref: OidcRef): readonly string[] {
  if (ref.form === 'separate') return [ref.branchClaim, ref.tagClaim]
  return ref.form === 'typed' ? [ref.claim, ref.typeClaim] : [ref.claim]
}

/** What is neither said nor known is unknown, and not hosted. */
function runnersOf(
  runners: OidcSettings['origin']['runners'],
  claims: TokenClaims,
): VerifiedOrigin['build']['runners'] {
  const value = runners === undefined ? undefined : textClaim(claims, runners.claim)
  if (runners === undefined || value === undefined) return 'unknown'
  if (runners.hosted?.includes(value)) return 'hosted'
  return runners.selfHosted?.includes(value) ? 'selfHosted' : 'unknown'
}

function isRepositoryUrl(text: string): boolean {
  return text.length <= 2_000 && normalizedRepositoryUrl(text) !== null
}

/** An address that people can follow; no other kind, and none with credentials. */
function webAddress(text: string | undefined): string | null {
  const url = text === undefined || text.length > 2_000 ? null : URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' ? url.href : null
}

function missing(claim: string): { readonly code: string; readonly message: string } {
  return {
    code: 'ORIGIN_CLAIM_MISSING',
    message: `The token does not have the claim ${claim}, or nothing in it. Have the issuer put it into tokens, or an administrator name another one in the link.`,
  }
}

function malformed(claim: string, what: string): { readonly code: string; readonly message: string } {
  return {
    code: 'ORIGIN_CLAIM_MALFORMED',
    message: `What the link reads from ${claim} is not ${what}. An administrator names the right claim in the link.`,
  }
}
