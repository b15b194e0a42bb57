import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CliError, usageError } from './cli-error.ts'
import { projectOf } from './commands/project.ts'
import type { Connection } from './connection/connection.ts'
import { ask } from './connection/graphql.ts'
import { type ConfigurationDetails, configurationsOfProject } from './documents/artifact-configurations.ts'
import { exitCode } from './exit-code.ts'
import type { Invocation } from './invocation.ts'
import type { BasedOnOption } from './people.ts'

/** An artifact configuration as options name it: slugs or ids. */
export type NamedConfiguration = { readonly project: string; readonly slug: string }

/** Which configuration is changed, and from which revision. */
export function basis(
  { artifactConfigurationId, revision }: Pick<ConfigurationDetails, 'artifactConfigurationId' | 'revision'>,
  { basedOn }: BasedOnOption,
) {
  return { artifactConfigurationId, basedOnRevision: basedOn ?? revision }
}

/** An artifact configuration of a project. @throws CliError `PROJECT_NOT_FOUND`, `ARTIFACT_CONFIGURATION_NOT_FOUND` */
export async function configurationOf(
  connection: Connection,
  { project: name, slug }: NamedConfiguration,
): Promise<ConfigurationDetails> {
  const { projectId: id } = await projectOf(connection, name)
  const all = (await ask(connection, configurationsOfProject, { id })).project?.artifactConfigurations ?? []
  const wanted = slug.toLowerCase()
  const found = all.find((each) => each.slug === wanted || each.artifactConfigurationId === wanted)
  if (found !== undefined) return found
  throw new CliError('ARTIFACT_CONFIGURATION_NOT_FOUND', `The project ${name} has no artifact configuration ${slug}.`, {
    hint: '`countersign artifact-configuration list` shows those that there are.',
    exitCode: exitCode.refused,
  })
}

/** The text of a file. @throws CliError `FILE_UNREADABLE` */
export async function textOf({ terminal }: Invocation, file: string): Promise<string> {
  try {
    return await readFile(resolve(terminal.workingDirectory, file), 'utf8')
  } catch (error) {
    throw usageError(`${file} cannot be read: ${(error as Error).message}`, undefined, 'FILE_UNREADABLE')
  }
}
