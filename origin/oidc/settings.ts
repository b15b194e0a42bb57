import { z } from 'zod'
import type { ConnectorForms } from '../connector.ts'
import { apiBaseUrl } from '../http-api/index.ts'
import { jobSettings, textClaim, tokenAlgorithms } from '../identity-token/index.ts'

/** A claim by its name. `sub` is put together by the issuer or by its users, and changes its form: it decides nothing. */
const claimName = z
  .string()
  .min(1)
  .max(200)
  .refine((name) => name !== 'sub', 'The claim sub decides nothing: name the claims that it is made of.')

/** A field of the origin: what a claim says, with text before and behind; or, where no claim says it, a text. */
const field = z.union([
  claimName,
  z.strictObject({
    claim: claimName,
    prefix: z.string().max(500).default(''),
    suffix: z.string().max(500).default(''),
  }),
  z.strictObject({ text: z.string().min(1).max(2_000) }),
])

/** Where a field of the origin comes from. */
export type OidcField = z.output<typeof field>

/** How the token says whether it is a branch or a tag: it is never guessed from a name. */
const ref = z.discriminatedUnion('form', [
  /** One claim with `refs/heads/…` or `refs/tags/…`. */
  z.strictObject({ form: z.literal('full'), claim: claimName }),
  /** A claim with the name, and one with its type. */
  z.strictObject({
    form: z.literal('typed'),
    claim: claimName,
    typeClaim: claimName,
    branchType: z.string().min(1).max(100).default('branch'),
    tagType: z.string().min(1).max(100).default('tag'),
  }),
  /** A claim for branches, and another for tags, of which one says something. */
  z.strictObject({ form: z.literal('separate'), branchClaim: claimName, tagClaim: claimName }),
])

/** How the token says what is built. */
export type OidcRef = z.output<typeof ref>

const values = z.array(z.string().min(1).max(1_000)).min(1).max(100)

/** What a link with any issuer of identity tokens says. */
export const oidcSettings = z.strictObject({
  /** As it stands in tokens and in the discovery document, to the last character. */
  issuer: apiBaseUrl,
  /** Whom tokens must be for: what jobs ask for. */
  audience: z.string().min(1).max(500),
  ...jobSettings,
  algorithms: z.array(z.enum(tokenAlgorithms)).min(1).max(tokenAlgorithms.length).default(['RS256']),
  /** The longest that a token may be valid, in seconds. */
  longestLifeSeconds: z.number().int().min(60).max(86_400).default(3_600),
  /**
   * What must be so, to the last character, whatever else the token says. At least one claim pins which project of the issuer it
   * is: by an id, since names can be given to others.
   */
  required: z
    .array(z.strictObject({ claim: claimName, values }))
    .min(1)
    .max(50),
  /** What is read from the token. */
  origin: z.strictObject({
    repositoryUrl: field,
    repositoryId: field.optional(),
    repositoryOwnerId: field.optional(),
    ref,
    commitId: field,
    buildId: field,
    buildUrl: field.optional(),
    attempt: field.optional(),
    definition: field.optional(),
    calledDefinition: field.optional(),
    trigger: field.optional(),
    runners: z.strictObject({ claim: claimName, hosted: values.optional(), selfHosted: values.optional() }).optional(),
    initiatorId: field.optional(),
    initiatorName: field.optional(),
  }),
})

/** What a link with any issuer of identity tokens says. */
export type OidcSettings = z.output<typeof oidcSettings>

/** What a submission says of its build: nothing, since the token says it. */
const oidcBuild = z.object({})

/** What a submission says of its build: nothing, since the token says it. */
export type OidcBuild = z.output<typeof oidcBuild>

/** What is asked of links with any issuer of identity tokens, and of submissions. */
export const oidcForms: ConnectorForms<OidcSettings, OidcBuild> = {
  kind: 'openIdConnect',
  settings: oidcSettings,
  addresses: ({ issuer }) => [issuer],
  build: oidcBuild,
  buildSecrets: ['identityToken'],
  isOfLink: ({ issuer, required }, claims) =>
    textClaim(claims, 'iss') === issuer &&
    required.every(({ claim, values }) => values.includes(textClaim(claims, claim) ?? '')),
}

/** The settings as JSON Schema (2020-12), for editors and tools: what may be written, defaults left out. */
export function oidcSettingsSchema(): unknown {
  return z.toJSONSchema(oidcSettings, { io: 'input' })
}
