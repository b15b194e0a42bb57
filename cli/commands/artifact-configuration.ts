import { allPages } from '../all-pages.ts'
import { CliError, usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import {
  changeDefaultConfiguration,
  configurationTexts,
  createConfiguration,
  deactivateConfiguration,
  describeConfiguration,
  listConfigurations,
  reactivateConfiguration,
  updateConfiguration,
  validateConfiguration,
} from '../documents/artifact-configurations.ts'
import { exitCode } from '../exit-code.ts'
import { type CommandModule, connect, withConnection } from '../invocation.ts'
import { basis, configurationOf, type NamedConfiguration, textOf } from '../named-configuration.ts'
import { configurationText, findingsText, versionsText } from '../output/configuration-details.ts'
import { statusCell, table } from '../output/table.ts'
import { type BasedOnOption, reportOrProposed, withBasedOn, withChangeReason } from '../people.ts'
import { projectOf } from './project.ts'

type Named = ConnectionOptions & NamedConfiguration
type Changing = Named & BasedOnOption

const ofProject = ['--project <project>', 'slug or id of its project'] as const
const itsSlug = ['--slug <slug>', 'its slug or id'] as const
const itsFile = ['--file <file>', 'the file with its text: XML'] as const

/** `countersign artifact-configuration list`. With `--json`: `{ artifactConfigurations: […] }`. */
export const list: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .option('--project <slug>', 'only of this project (slug or id)')
      .action(async (options: ConnectionOptions & { readonly project?: string }) => {
        const connection = await connect(invocation, options, 'ci')
        const { project = null } = options
        const { items } = await allPages(
          async (page) => (await ask(connection, listConfigurations, { project, ...page })).artifactConfigurations,
        )
        const { report } = invocation
        report.result({ artifactConfigurations: items }, () => {
          if (items.length === 0) return 'No artifact configurations.\n'
          const rows = items.map((each) => [
            `${each.project?.slug ?? '?'}/${each.slug}`,
            each.name,
            statusCell(each.status),
            each.isDefault ? 'default' : '',
            String(each.current.version),
          ])
          return table(['artifact configuration', 'name', 'status', '', 'version'], rows, report.marker)
        })
      })
  },
}

/** `countersign artifact-configuration show`. With `--json`: its fields, with `document`. */
export const show: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .requiredOption(...ofProject)
      .requiredOption(...itsSlug)
      .option('--document', 'print its text alone')
      .option('--at-version <number>', 'the text of this version (default: the one in force)')
      .action(async (options: Named & { readonly document?: true; readonly atVersion?: string }) => {
        const connection = await connect(invocation, options, 'ci')
        const configuration = await configurationOf(connection, options)
        const version = versionIn(options.atVersion) ?? configuration.current.version
        const { artifactConfigurationId: id } = configuration
        const texts = (await ask(connection, configurationTexts, { id })).artifactConfiguration?.versions ?? []
        const document = texts.find((each) => each.version === version)?.document
        if (document === undefined)
          throw usageError(`It has no version ${version}; its versions are 1 to ${texts.length}.`)
        const { report } = invocation
        report.result({ ...configuration, document }, () =>
          options.document ? document : configurationText(configuration, report.marker),
        )
      })
  },
}

/** `countersign artifact-configuration versions`. With `--json`: `{ versions: […] }`. */
export const versions: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .requiredOption(...ofProject)
      .requiredOption(...itsSlug)
      .action(async (options: Named) => {
        const { versions: made } = await configurationOf(await connect(invocation, options, 'ci'), options)
        const { report } = invocation
        report.result({ versions: made }, () => versionsText(made, report.marker))
      })
  },
}

/** `countersign artifact-configuration validate`. With `--json`: `{ isValid, errors, warnings }`. */
export const validate: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .requiredOption(...itsFile)
      .action(async (options: ConnectionOptions & { readonly file: string }) => {
        const document = await textOf(invocation, options.file)
        const connection = await connect(invocation, options, 'ci')
        const { validateArtifactConfiguration: found } = await ask(connection, validateConfiguration, { document })
        invocation.report.result(found, () => findingsText(options.file, found) || 'Nothing is wrong with it.\n')
        if (found.isValid) return
        throw new CliError('ARTIFACT_CONFIGURATION_INVALID', `${options.file} cannot be saved.`, {
          exitCode: exitCode.refused,
        })
      })
  },
}

/** `countersign artifact-configuration create`. With `--json`: `{ artifactConfigurationId, position, changeProposalId }`. */
export const create: CommandModule = {
  define(command, invocation) {
    withChangeReason(withConnection(command))
      .requiredOption(...ofProject)
      .requiredOption('--slug <slug>', 'what tools name it by in its project, for good')
      .requiredOption(...itsFile)
      .option('--name <text>', 'what people call it (default: the slug)')
      .option('--description <text>', 'what it is for')
      .action(
        async (options: Named & { readonly file: string; readonly name?: string; readonly description?: string }) => {
          const { slug, name = slug, description = null } = options
          const document = await textOf(invocation, options.file)
          const connection = await connect(invocation, options, null)
          const { projectId, slug: project } = await projectOf(connection, options.project)
          const input = { projectId, slug, name, description, document }
          const { createArtifactConfiguration: made } = await ask(connection, createConfiguration, { input })
          reportOrProposed(invocation, made, `Created the artifact configuration ${project}/${slug.toLowerCase()}.`)
        },
      )
  },
}

/** `countersign artifact-configuration update`: with a file a new version, and else another name or description. With `--json`: as `create`. */
export const update: CommandModule = {
  define(command, invocation) {
    withBasedOn(withChangeReason(withConnection(command)))
      .requiredOption(...ofProject)
      .requiredOption(...itsSlug)
      .option(itsFile[0], 'the file with the text of a new version: XML')
      .option('--name <text>', 'without --file: another name')
      .option('--description <text>', 'without --file: another description')
      .action(
        async (
          options: Changing & { readonly file?: string; readonly name?: string; readonly description?: string },
        ) => {
          const { file } = options
          const isNamed = options.name !== undefined || options.description !== undefined
          if ((file === undefined) !== isNamed)
            throw usageError('Give --file for a new version, or --name and --description, one of the two.')
          const document = file === undefined ? '' : await textOf(invocation, file)
          const connection = await connect(invocation, options, null)
          const { name, description, slug, current, ...configuration } = await configurationOf(connection, options)
          const based = basis(configuration, options)
          if (file === undefined) {
            const input = { ...based, name: options.name ?? name, description: options.description ?? description }
            const changed = (await ask(connection, describeConfiguration, { input })).describeArtifactConfiguration
            return reportOrProposed(invocation, changed, `Changed the artifact configuration ${slug}.`)
          }
          const input = { ...based, document }
          const changed = (await ask(connection, updateConfiguration, { input })).updateArtifactConfiguration
          reportOrProposed(invocation, changed, `Made version ${current.version + 1} of ${slug}.`)
        },
      )
  },
}

/** `countersign artifact-configuration deactivate`. With `--json`: as `create`. */
export const deactivate: CommandModule = {
  define(command, invocation) {
    withBasedOn(withConnection(command))
      .requiredOption(...ofProject)
      .requiredOption(...itsSlug)
      .option('--reason <text>', 'why')
      .action(async (options: Changing & { readonly reason?: string }) => {
        const connection = await connect(invocation, options, null)
        const configuration = await configurationOf(connection, options)
        const input = { ...basis(configuration, options), reason: options.reason ?? null }
        const changed = (await ask(connection, deactivateConfiguration, { input })).deactivateArtifactConfiguration
        reportOrProposed(invocation, changed, `Deactivated ${configuration.slug}: nothing is signed by it.`)
      })
  },
}

/** `countersign artifact-configuration reactivate`. With `--json`: as `create`. */
export const reactivate: CommandModule = {
  define(command, invocation) {
    withBasedOn(withChangeReason(withConnection(command)))
      .requiredOption(...ofProject)
      .requiredOption(...itsSlug)
      .action(async (options: Changing) => {
        const connection = await connect(invocation, options, null)
        const configuration = await configurationOf(connection, options)
        const input = basis(configuration, options)
        const changed = (await ask(connection, reactivateConfiguration, { input })).reactivateArtifactConfiguration
        reportOrProposed(invocation, changed, `Reactivated ${configuration.slug}.`)
      })
  },
}

/** `countersign artifact-configuration set-default`. With `--json`: `{ projectId, position, changeProposalId }`. */
export const setDefault: CommandModule = {
  define(command, invocation) {
    withChangeReason(withConnection(command))
      .requiredOption(...ofProject)
      .option('--slug <slug>', 'by which submissions are planned that name none (default: by none)')
      .action(async (options: ConnectionOptions & { readonly project: string; readonly slug?: string }) => {
        const connection = await connect(invocation, options, null)
        const { project, slug } = options
        const chosen = slug === undefined ? null : await configurationOf(connection, { project, slug })
        const { projectId } = await projectOf(connection, project)
        const input = { projectId, artifactConfigurationId: chosen?.artifactConfigurationId ?? null }
        const changed = (await ask(connection, changeDefaultConfiguration, { input }))
          .changeDefaultArtifactConfiguration
        reportOrProposed(invocation, changed, `The default is ${chosen?.slug ?? 'none'} now.`)
      })
  },
}

function versionIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw usageError(`--at-version is not a whole number from 1: ${JSON.stringify(text.slice(0, 60))}.`)
}
