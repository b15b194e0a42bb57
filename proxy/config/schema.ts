import { z } from 'zod'
import { namedParts } from '../certificates/names.ts'

const file = z.string().min(1).meta({ description: 'A file; relative to the folder of the configuration.' })
const files = z.union([file, z.array(file).min(1)]).transform((given) => [given].flat())
const objectIdentifier = z
  .string()
  .regex(/^[0-2](\.(0|[1-9]\d*))+$/, 'must be an object identifier, such as 1.3.6.1.4.1.311.21.8.1')
const mode = z.enum(['hard', 'soft']).meta({
  description:
    'What happens where revocation is not known: hard refuses, soft lets through. Who is revoked is always refused.',
})
const hostName = z
  .string()
  .regex(
    /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/,
    'must be a host name in small letters',
  )

const version = z
  .union([z.int().min(0).max(4_294_967_295), z.strictObject({ atLeast: z.int().min(0).max(4_294_967_295) })])
  .meta({ description: 'This version, or at least one. A certificate that leaves the version out fits neither.' })

const subjectCondition = z
  .strictObject({
    part: z.union([z.enum(Object.keys(namedParts) as [string, ...string[]]), objectIdentifier]).meta({
      description: 'The part of the distinguished name: letters, or an object identifier.',
    }),
    equals: z.string().min(1).max(200).optional(),
    matches: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .meta({ description: '* stands for any characters but /, ? for one.' }),
    ignoreCase: z.boolean().default(false).meta({ description: 'Whether A to Z and a to z are the same.' }),
  })
  .refine(({ equals, matches }) => (equals === undefined) !== (matches === undefined), {
    message: 'must say either equals or matches',
  })

const conditions = z.array(subjectCondition).min(1).max(50)

const template = z
  .strictObject({
    id: objectIdentifier.optional(),
    majorVersion: version.optional(),
    minorVersion: version.optional(),
    name: z.string().min(1).max(200).optional(),
  })
  .refine(({ id, name }) => id !== undefined || name !== undefined, { message: 'must name an id or a name' })
  .refine(({ id, majorVersion, minorVersion }) => id !== undefined || (majorVersion ?? minorVersion) === undefined, {
    message: 'versions go with an id: the form with a name has none',
  })

const authority = z.strictObject({
  certificate: files.meta({ description: 'Certificates where trust ends, roots or not.' }),
  intermediates: files.optional().meta({ description: 'Authorities below them, which nodes then need not send.' }),
  maximumIntermediates: z.int().min(0).max(8).default(3),
  crl: z.strictObject({ mode, files }).optional(),
  ocsp: z
    .strictObject({
      mode,
      responder: z
        .url({ protocol: /^https?$/ })
        .optional()
        .meta({ description: 'Where to ask; else where the certificate says.' }),
      authorities: z.boolean().default(false).meta({ description: 'Whether authorities are asked about, too.' }),
      timeoutMs: z.int().min(100).max(30_000).default(3_000),
    })
    .optional(),
})

const ruleSet = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be small letters, digits and hyphens'),
    hostNames: z.array(hostName).min(1).max(50).optional().meta({
      description: 'The rule set is for nodes that ask for one of these names, by SNI and by Host; else for any.',
    }),
    token: z.union([
      z.strictObject({ file }),
      z.strictObject({ environment: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
    ]),
    authorities: z.array(authority).min(1).max(20),
    issuers: files
      .optional()
      .meta({ description: 'Certificates, one of which must have issued that of the node immediately.' }),
    subject: z
      .strictObject({ all: conditions.optional(), any: conditions.optional() })
      .refine(({ all, any }) => all !== undefined || any !== undefined, { message: 'must say all or any' })
      .optional(),
    template: template.optional(),
    extendedKeyUsages: z
      .array(z.union([z.literal('clientAuth'), objectIdentifier]))
      .max(20)
      .default(['clientAuth'])
      .meta({ description: 'All of them must be in the certificate.' }),
  })
  .refine(({ template: demanded, issuers }) => demanded === undefined || issuers !== undefined, {
    path: ['template'],
    message:
      'needs issuers: whoever requests a certificate can name any template, and only the issuer decides whether that stays in it',
  })

/** How the proxy is set up. Published in `docs/authentication-proxy.schema.json`. */
export const proxyConfiguration = z
  .strictObject({
    listen: z
      .strictObject({ host: z.string().min(1).default('0.0.0.0'), port: z.int().min(0).max(65_535).default(8443) })
      .prefault({}),
    operations: z
      .strictObject({ host: z.string().min(1).default('127.0.0.1'), port: z.int().min(0).max(65_535).default(9464) })
      .prefault({})
      .meta({ description: 'Where health and metrics are served, without TLS and to whoever can reach it.' }),
    tls: z.strictObject({
      certificate: file,
      key: file,
      minimumVersion: z.enum(['TLSv1.2', 'TLSv1.3']).default('TLSv1.2'),
    }),
    service: z.strictObject({
      url: z.url({ protocol: /^https?$/ }).meta({ description: 'The service; https, unless it is on this machine.' }),
      authorities: files
        .optional()
        .meta({ description: "Whom its certificate must be of, instead of the system's authorities." }),
    }),
    statementKey: file.meta({ description: 'By which statements about nodes are signed; made at the first start.' }),
    limits: z
      .strictObject({
        connections: z.int().min(1).max(1_000_000).default(4_000),
        idleSeconds: z.int().min(5).max(3_600).default(300),
      })
      .prefault({}),
    ruleSets: z.array(ruleSet).min(1).max(100),
  })
  .refine(({ ruleSets }) => new Set(ruleSets.map(({ name }) => name)).size === ruleSets.length, {
    path: ['ruleSets'],
    message: 'must have names that differ',
  })
  .meta({ title: 'Authentication proxy' })

/** The configuration, complete. */
export type ProxyConfiguration = z.output<typeof proxyConfiguration>

/** One rule set of it. */
export type RuleSetConfiguration = ProxyConfiguration['ruleSets'][number]

/** A condition about a part of a subject. */
export type SubjectCondition = z.output<typeof subjectCondition>

/** Its JSON Schema. */
export function proxyConfigurationSchema(): object {
  return z.toJSONSchema(proxyConfiguration, { io: 'input' })
}
