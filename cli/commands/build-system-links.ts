import { usageError } from '../cli-error.ts'
import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import {
  changeBuildSystemLink,
  linkBuildSystem,
  linksOfProject,
  unlinkBuildSystem,
} from '../documents/trusted-build-systems.ts'
import { buildSystemOf } from '../find-build-system.ts'
import { type CommandModule, connect, explain, withConnection } from '../invocation.ts'
import { type LinkOptions, linkSecrets, linkSettings, withLinkOptions } from '../link-options.ts'
import { type BasedOnOption, reportOrProposed, several, withBasedOn, withChangeReason } from '../people.ts'
import { projectOf } from './project.ts'

type ChangeOptions = ConnectionOptions & BasedOnOption

const pages =
  'Settings and secrets depend on the kind of build system: docs/github-actions.md, docs/gitlab.md, docs/jenkins.md, docs/azure-devops.md, docs/team-city.md, docs/app-veyor.md, docs/oidc-issuers.md. The kinds custom and authenticationProxy have none.'

/** `countersign trusted-build-system link`. With `--json`: `{ trustedBuildSystemId, position, changeProposalId }`. */
export const link: CommandModule = {
  define(command, invocation) {
    explain(command, `${pages} Secrets are kept sealed, and never shown again.`)
    withLinkOptions(withBasedOn(withChangeReason(withConnection(command))))
      .argument('<build-system>', 'its slug or id')
      .argument('<project>', 'the slug or id of the project')
      .action(async (text: string, project: string, options: ChangeOptions & LinkOptions) => {
        const { terminal } = invocation
        const settings = (await linkSettings(terminal, options)) ?? {}
        const secrets = await linkSecrets(terminal, options)
        const connection = await connect(invocation, options, null)
        const { system, slug, ...place } = await placeOf(connection, { text, project, options })
        const input = { ...place, settings, secrets }
        const { linkTrustedBuildSystem: changed } = await ask(connection, linkBuildSystem, { input })
        reportOrProposed(invocation, changed, `Linked the trusted build system ${system} to the project ${slug}.`)
      })
  },
}

/** `countersign trusted-build-system change-link`. With `--json`: `{ trustedBuildSystemId, position, changeProposalId }`. */
export const changeLink: CommandModule = {
  define(command, invocation) {
    explain(
      command,
      `A settings file says all settings as they are to be; without one, --setting changes single ones, and an empty value takes one away. A secret takes the place of the one before, and one that is not named stays. ${pages}`,
    )
    withLinkOptions(withBasedOn(withChangeReason(withConnection(command))))
      .option('--remove-secret <name>', 'have the link hold this secret no more; may be repeated', several)
      .argument('<build-system>', 'its slug or id')
      .argument('<project>', 'the slug or id of the project')
      .action(
        async (
          text: string,
          project: string,
          options: ChangeOptions & LinkOptions & { readonly removeSecret?: readonly string[] },
        ) => {
          const { settingsFile, setting, secretFile, removeSecret = [] } = options
          if ([settingsFile, setting, secretFile].every((each) => each === undefined) && removeSecret.length === 0)
            throw usageError('Say what is to change: --settings-file, --setting, --secret-file or --remove-secret.')
          const { terminal } = invocation
          const given = await linkSecrets(terminal, options)
          const connection = await connect(invocation, options, null)
          const { system, slug, ...place } = await placeOf(connection, { text, project, options })
          const { project: found } = await ask(connection, linksOfProject, { id: place.projectId })
          const present = found?.trustedBuildSystemLinks.find(
            ({ trustedBuildSystemId }) => trustedBuildSystemId === place.trustedBuildSystemId,
          )
          const settings = await linkSettings(terminal, options, present?.settings)
          const secrets = [...given, ...removeSecret.map((name) => ({ name, value: null }))]
          const input = { ...place, ...(settings === undefined ? {} : { settings }), secrets }
          const { changeTrustedBuildSystemLink: changed } = await ask(connection, changeBuildSystemLink, { input })
          reportOrProposed(
            invocation,
            changed,
            `Changed the link of the trusted build system ${system} to the project ${slug}.`,
          )
        },
      )
  },
}

/** `countersign trusted-build-system unlink`. With `--json`: `{ trustedBuildSystemId, position, changeProposalId }`. */
export const unlink: CommandModule = {
  define(command, invocation) {
    withBasedOn(withConnection(command))
      .argument('<build-system>', 'its slug or id')
      .argument('<project>', 'the slug or id of the project')
      .action(async (text: string, project: string, options: ChangeOptions) => {
        const connection = await connect(invocation, options, null)
        const { system, slug, ...input } = await placeOf(connection, { text, project, options })
        const { unlinkTrustedBuildSystem: changed } = await ask(connection, unlinkBuildSystem, { input })
        reportOrProposed(invocation, changed, `Unlinked the trusted build system ${system} from the project ${slug}.`)
      })
  },
}

async function placeOf(
  connection: Connection,
  named: { readonly text: string; readonly project: string; readonly options: BasedOnOption },
) {
  const { trustedBuildSystemId, slug: system, revision } = await buildSystemOf(connection, named.text)
  const { projectId, slug } = await projectOf(connection, named.project)
  return { system, slug, trustedBuildSystemId, projectId, basedOnRevision: named.options.basedOn ?? revision }
}
