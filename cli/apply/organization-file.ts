import { z } from 'zod'
import { buildSystemKinds } from '../documents/trusted-build-systems.ts'
import { policySettingsSchema } from '../policy-file.ts'
import { readSettingsFile } from '../settings-file.ts'

const subject = {
  noun: 'organization file',
  invalid: 'ORGANIZATION_FILE_INVALID',
  unreadable: 'ORGANIZATION_FILE_UNREADABLE',
}

/** A name in the form that the service keeps: one U+0020 between words, none around them, Unicode Normalization Form C. */
const named = z
  .string()
  .overwrite((text) =>
    text
      .replaceAll(/\p{Zs}+/gu, ' ')
      .trim()
      .normalize('NFC'),
  )
  .min(1)
  .max(300)
const user = named.meta({
  description: 'Id, e-mail address or name of a user; a name or an address only one user has.',
})
const group = named.meta({ description: 'Id or name of a group, of the organization or of this file.' })
const principal = z.union([z.strictObject({ user }), z.strictObject({ group })])
const certificate = named.meta({ description: 'Id or name of a certificate.' })

const slug = z.string().trim().toLowerCase().min(1).max(100)
const active = z
  .boolean()
  .optional()
  .meta({ description: 'Whether it is to be in use; left out: as it is, so that an emergency stop stays one.' })

const policyInFile = policySettingsSchema(principal, certificate).extend({
  slug: slug.meta({ description: 'What tools name the policy by in its project.' }),
  name: named.meta({ description: 'What people call the policy.' }),
  active,
})

const linkInFile = z
  .strictObject({
    buildSystem: slug.meta({ description: 'Slug of the build system.' }),
    settings: z
      .record(z.string(), z.unknown())
      .default({})
      .meta({ description: 'What its kind asks for: all of it. Nothing secret.' }),
    secretFiles: z.record(z.string(), z.string()).default({}).meta({
      description:
        'By the name of a secret the file whose first line it is. Read where the link does not have the secret yet, or is to have other settings: what it has nobody can compare.',
    }),
  })
  .meta({ description: 'A link with settings and secrets.' })

const projectInFile = z.strictObject({
  slug: slug.meta({ description: 'What tools name the project by.' }),
  name: named.meta({ description: 'What people call it; it stands in signatures.' }),
  description: z.string().nullable().default(null),
  repositoryUrl: z.string().nullable().default(null).meta({ description: 'Where its source is.' }),
  readers: z.array(principal).default([]).meta({ description: 'Who may read its artifacts.' }),
  configurators: z.array(principal).default([]).meta({ description: 'Who looks after its configurations.' }),
  active,
  trustedBuildSystems: z
    .array(z.union([slug, linkInFile]))
    .optional()
    .meta({
      description:
        'Build systems that vouch for it; left out: they are not looked at. By the slug alone: whatever settings and secrets the link has.',
    }),
  policies: z
    .array(policyInFile)
    .optional()
    .meta({ description: 'Its signing policies; left out: they are not looked at.' }),
})

const groupInFile = z.strictObject({
  name: named.meta({ description: 'What the group is called; one that has no such name is created.' }),
  description: z.string().nullable().default(null),
  members: z
    .array(user)
    .optional()
    .meta({ description: 'Who is in it, all of them; left out: they are not looked at.' }),
})

const buildSystemInFile = z.strictObject({
  slug: slug.meta({ description: 'What tools name the build system by.' }),
  name: named.meta({ description: 'What people call it.' }),
  description: z.string().nullable().default(null),
  kind: z.enum(buildSystemKinds).default('custom').meta({ description: 'Which build system it is, for good.' }),
  active,
})

/**
 * An organization as a file says it. What a section says is how it is to be; what is left out as a whole (`groups`,
 * `trustedBuildSystems`, `projects`, the `policies` of a project, the `members` of a group) is not looked at. Published as JSON Schema in
 * `docs/organization-file.schema.json`.
 */
export const organizationFile = z
  .strictObject({
    version: z.literal(1).meta({ description: 'The form of this file.' }),
    groups: z.array(groupInFile).optional(),
    trustedBuildSystems: z.array(buildSystemInFile).optional(),
    projects: z.array(projectInFile).optional(),
  })
  .meta({ title: 'Countersign organization' })
  .superRefine(({ groups = [], projects = [], trustedBuildSystems = [] }, context) => {
    const once = (names: readonly string[], path: readonly PropertyKey[], what: string) => {
      for (const [at, name] of names.entries())
        if (names.indexOf(name) !== at)
          context.addIssue({ code: 'custom', path: [...path, at], message: `${what} ${name} is there twice` })
    }
    once(
      groups.map((each) => each.name),
      ['groups'],
      'the group',
    )
    once(
      projects.map((each) => each.slug),
      ['projects'],
      'the project',
    )
    once(
      trustedBuildSystems.map((each) => each.slug),
      ['trustedBuildSystems'],
      'the build system',
    )
    for (const [at, { policies = [], trustedBuildSystems: links = [] }] of projects.entries()) {
      once(
        policies.map((each) => each.slug),
        ['projects', at, 'policies'],
        'the policy',
      )
      once(
        links.map((each) => (typeof each === 'string' ? each : each.buildSystem)),
        ['projects', at, 'trustedBuildSystems'],
        'the build system',
      )
    }
  })

/** An organization as a file says it, complete. */
export type OrganizationFile = z.output<typeof organizationFile>

/** A build system that vouches for a project of it: by its slug alone, or with what the link says. */
export type LinkInFile = NonNullable<ProjectInFile['trustedBuildSystems']>[number]

/** A group of it. */
export type GroupInFile = z.output<typeof groupInFile>

/** A project of it. */
export type ProjectInFile = z.output<typeof projectInFile>

/** A signing policy of it. */
export type PolicyInFile = z.output<typeof policyInFile>

/** A trusted build system of it. */
export type BuildSystemInFile = z.output<typeof buildSystemInFile>

/** Somebody whom it names. */
export type PrincipalInFile = z.output<typeof principal>

/** Its JSON Schema. */
export function organizationFileSchema(): object {
  return z.toJSONSchema(organizationFile, { io: 'input' })
}

/**
 * Reads an organization file, YAML or JSON.
 *
 * @param folder what `path` starts from
 * @throws CliError `ORGANIZATION_FILE_INVALID`, `ORGANIZATION_FILE_UNREADABLE` (exit code: usage)
 */
export function readOrganizationFile(folder: string, path: string): Promise<OrganizationFile> {
  return readSettingsFile(folder, path, organizationFile, subject)
}
