import { z } from 'zod'
import type { BuildAnswer } from './forms.ts'

/**
 * What of a project's configuration says how a build is made. Deployments and notifications come after it, and hold addresses and
 * passwords.
 */
const leftOut: ReadonlySet<string> = new Set([
  'deployments',
  'notifications',
  'environmentVariables',
  'environmentVariablesMatrix',
])

const variable = z.object({
  name: z.string(),
  value: z.object({ isEncrypted: z.boolean().nullish(), value: z.string().nullish() }).nullish(),
})

const whole = z.object({
  settings: z.object({
    versionFormat: z.string().nullish(),
    ignoreAppveyorYml: z.boolean().nullish(),
    customYmlName: z.string().nullish(),
    skipBranchesWithoutAppveyorYml: z.boolean().nullish(),
    created: z.string().nullish(),
    updated: z.string().nullish(),
    configuration: z.record(z.string(), z.unknown()),
  }),
})

/**
 * The settings of a build as a file that goes into packages and is kept as evidence: what the project's settings say of how builds
 * are made, and which build it was. Encrypted values of variables are left out, and of private projects all values, because packages
 * are public.
 *
 * @param answer AppVeyor's answer for the project's settings
 * @returns JSON, the same for the same answers
 */
export function settingsDocument({ project, build }: BuildAnswer, answer: unknown): Buffer {
  const { settings } = whole.parse(answer)
  const { configuration, ...said } = settings
  const kept = Object.entries(configuration).filter(([name]) => !leftOut.has(name))
  const variables = z.array(variable).safeParse(configuration.environmentVariables).data ?? []
  const document = {
    appVeyor: {
      accountName: project.accountName,
      projectSlug: project.slug,
      buildId: build.buildId,
      buildVersion: build.version,
    },
    repository: {
      provider: project.repositoryType,
      scm: project.repositoryScm,
      name: project.repositoryName,
      commitId: build.commitId,
      ...(build.isTag ? { tag: build.tag } : { branch: build.branch }),
    },
    settings: {
      ...said,
      configuration: {
        ...Object.fromEntries(kept),
        environmentVariables: variables.map(({ name, value }) =>
          value?.isEncrypted === true || project.isPrivate
            ? { name, isEncrypted: value?.isEncrypted === true }
            : { name, value: value?.value ?? null },
        ),
      },
    },
  }
  return Buffer.from(`${JSON.stringify(document, (_name, value) => shown(value, project.isPrivate), 2)}\n`)
}

/** A value as AppVeyor stores them, of variables also in the lists of the build matrix. */
const storedValue = z.looseObject({ isEncrypted: z.boolean() })

function shown(said: unknown, isPrivate: boolean): unknown {
  const stored = storedValue.safeParse(said).data
  if (stored === undefined || !(stored.isEncrypted || isPrivate)) return said
  const { value: _hidden, ...rest } = stored
  return rest
}
