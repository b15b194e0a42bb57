import { CliError } from '../cli-error.ts'
import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import {
  createProject,
  deactivateProject,
  oneProject,
  type ProjectDetails,
  reactivateProject,
  updateProject,
} from '../documents/projects.ts'
import { isId } from '../entity-id.ts'
import { exitCode } from '../exit-code.ts'
import { type CommandModule, connect, withConnection } from '../invocation.ts'
import { projectText } from '../output/project-details.ts'
import { type BasedOnOption, reportOrProposed, several, withBasedOn, withChangeReason } from '../people.ts'
import { asInputs, principalForm, principalsOf } from '../principals.ts'

type SettingsOptions = ConnectionOptions & {
  readonly name?: string
  readonly description?: string
  readonly repositoryUrl?: string
  readonly reader?: readonly string[]
  readonly configurator?: readonly string[]
}

/** `countersign project show`. With `--json`: the project's fields, with `versions`. */
export const show: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .argument('<project>', 'its slug or id')
      .action(async (name: string, options: ConnectionOptions) => {
        const project = await projectOf(await connect(invocation, options, 'ci'), name)
        const { report } = invocation
        report.result(project, () => projectText(project, report.marker))
      })
  },
}

/** `countersign project create`. With `--json`: `{ projectId, position, changeProposalId }`. */
export const create: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .argument('<slug>', 'what tools name the project by, for good')
      .requiredOption('--name <text>', 'what people call it; it stands in signatures')
      .option('--description <text>', 'what it is')
      .option('--repository-url <url>', 'where its source is; it stands in signatures')
      .option(`--reader ${principalForm}`, 'who may read its artifacts; may be given several times', several)
      .option(
        `--configurator ${principalForm}`,
        'who looks after its configurations; may be given several times',
        several,
      )
      .action(async (slug: string, options: SettingsOptions) => {
        const { name = '', description = null, repositoryUrl = null, reader = [], configurator = [] } = options
        const members = { readers: principalsOf(reader), configurators: principalsOf(configurator) }
        const connection = await connect(invocation, options, null)
        const input = { slug, name, description, repositoryUrl, ...members }
        const { createProject: changed } = await ask(connection, createProject, { input })
        reportOrProposed(invocation, changed, `Created the project ${slug.toLowerCase()}, ${changed.projectId}.`)
      })
  },
}

/** `countersign project update`. With `--json`: `{ projectId, position, changeProposalId }`. */
export const update: CommandModule = {
  define(command, invocation) {
    withBasedOn(withChangeReason(withConnection(command)))
      .argument('<project>', 'its slug or id')
      .option('--name <text>', 'another name')
      .option('--description <text>', 'another description; an empty one takes it away')
      .option('--repository-url <url>', 'another repository; an empty one takes it away')
      .option(`--reader ${principalForm}`, 'who is to be a reader, instead of those who are; may be repeated', several)
      .option('--no-readers', 'nobody is to be a reader')
      .option(`--configurator ${principalForm}`, 'who is to be a configurator, instead of those who are', several)
      .option('--no-configurators', 'nobody is to be a configurator')
      .action(
        async (
          text: string,
          options: SettingsOptions & BasedOnOption & { readonly readers: boolean; readonly configurators: boolean },
        ) => {
          const { reader = [], configurator = [] } = options
          const [readers, configurators] = [principalsOf(reader), principalsOf(configurator)]
          const connection = await connect(invocation, options, null)
          const project = await projectOf(connection, text)
          const { projectId, slug, name, description, repositoryUrl } = project
          const input = {
            projectId,
            basedOnRevision: options.basedOn ?? project.revision,
            name: options.name ?? name,
            description: orNone(options.description ?? description),
            repositoryUrl: orNone(options.repositoryUrl ?? repositoryUrl),
            readers: named(readers, options.readers, project.readers),
            configurators: named(configurators, options.configurators, project.configurators),
          }
          const { updateProject: changed } = await ask(connection, updateProject, { input })
          reportOrProposed(invocation, changed, `Changed the project ${slug}.`)
        },
      )
  },
}

/** `countersign project deactivate`. With `--json`: `{ projectId, position, changeProposalId }`. */
export const deactivate: CommandModule = {
  define(command, invocation) {
    withBasedOn(withConnection(command))
      .argument('<project>', 'its slug or id')
      .option('--reason <text>', 'why')
      .action(async (text: string, options: ConnectionOptions & BasedOnOption & { readonly reason?: string }) => {
        const connection = await connect(invocation, options, null)
        const { projectId, slug, revision } = await projectOf(connection, text)
        const input = { projectId, basedOnRevision: options.basedOn ?? revision, reason: options.reason ?? null }
        const { deactivateProject: changed } = await ask(connection, deactivateProject, { input })
        reportOrProposed(invocation, changed, `Deactivated the project ${slug}: nothing of it is signed.`)
      })
  },
}

/** `countersign project reactivate`. With `--json`: `{ projectId, position, changeProposalId }`. */
export const reactivate: CommandModule = {
  define(command, invocation) {
    withBasedOn(withChangeReason(withConnection(command)))
      .argument('<project>', 'its slug or id')
      .action(async (text: string, options: ConnectionOptions & BasedOnOption) => {
        const connection = await connect(invocation, options, null)
        const { projectId, slug, revision } = await projectOf(connection, text)
        const input = { projectId, basedOnRevision: options.basedOn ?? revision }
        const { reactivateProject: changed } = await ask(connection, reactivateProject, { input })
        reportOrProposed(invocation, changed, `Reactivated the project ${slug}.`)
      })
  },
}

function named<Input>(given: readonly Input[], any: boolean, before: ProjectDetails['readers']): readonly Input[] {
  if (!any) return []
  return given.length > 0 ? given : (asInputs(before) as readonly Input[])
}

function orNone(text: string | null): string | null {
  return text === '' ? null : text
}

/** The project of a slug or an id. @throws CliError `PROJECT_NOT_FOUND` */
export async function projectOf(connection: Connection, name: string): Promise<ProjectDetails> {
  const by = isId(name) ? { id: name, slug: null } : { id: null, slug: name }
  const { project } = await ask(connection, oneProject, by)
  if (project !== null) return project
  throw new CliError('PROJECT_NOT_FOUND', `There is no project ${name}.`, {
    hint: '`countersign project list` shows the projects.',
    exitCode: exitCode.refused,
  })
}
