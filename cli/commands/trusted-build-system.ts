import { Option } from 'commander'
import { allPages } from '../all-pages.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import {
  buildSystemKinds,
  createBuildSystem,
  disableBuildSystem,
  enableBuildSystem,
  listBuildSystems,
  rotateBuildSystemToken,
  updateBuildSystem,
} from '../documents/trusted-build-systems.ts'
import { parseInstant } from '../duration.ts'
import { buildSystemOf, reportToken, withProjects } from '../find-build-system.ts'
import { type CommandModule, connect, withConnection } from '../invocation.ts'
import { buildSystemText } from '../output/build-system-details.ts'
import { statusCell, table } from '../output/table.ts'
import { type BasedOnOption, reportOrProposed, withBasedOn, withChangeReason } from '../people.ts'

type ChangeOptions = ConnectionOptions & BasedOnOption

/** `countersign trusted-build-system list`. With `--json`: `{ trustedBuildSystems: […] }`. */
export const list: CommandModule = {
  define(command, invocation) {
    withConnection(command).action(async (options: ConnectionOptions) => {
      const connection = await connect(invocation, options, 'ci')
      const pages = async (page: { readonly first: number; readonly after: string | null }) =>
        (await ask(connection, listBuildSystems, page)).trustedBuildSystems
      const { items } = await allPages(pages)
      const { report } = invocation
      report.result({ trustedBuildSystems: items }, () => {
        if (items.length === 0) return 'No trusted build systems.\n'
        const rows = items.map(({ slug, name, kind, status, projectCount }) => [
          slug,
          name,
          kind,
          statusCell(status, 'enabled'),
          String(projectCount),
        ])
        return table(['slug', 'name', 'kind', 'status', 'projects'], rows, report.marker)
      })
    })
  },
}

/** `countersign trusted-build-system show`. With `--json`: its fields, with `tokens` and `projects`. */
export const show: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .argument('<build-system>', 'its slug or id')
      .action(async (name: string, options: ConnectionOptions) => {
        const system = await withProjects(await connect(invocation, options, 'ci'), name)
        const { report } = invocation
        report.result(system, () => buildSystemText(system, report.marker))
      })
  },
}

/** `countersign trusted-build-system create`. With `--json`: `{ trustedBuildSystemId, position, changeProposalId, tokenId, token }`. */
export const create: CommandModule = {
  define(command, invocation) {
    withChangeReason(withConnection(command))
      .argument('<slug>', 'what tools name it by, for good')
      .requiredOption('--name <text>', 'what people call it')
      .option('--description <text>', 'what it is')
      .addOption(
        new Option('--kind <kind>', 'which build system it is, for good').choices(buildSystemKinds).default('custom'),
      )
      .action(
        async (
          slug: string,
          options: ConnectionOptions & { readonly name: string; readonly description?: string; readonly kind: string },
        ) => {
          const { name, description = null, kind } = options
          const connection = await connect(invocation, options, null)
          const input = { slug, name, description, kind }
          reportToken(invocation, (await ask(connection, createBuildSystem, { input })).createTrustedBuildSystem)
        },
      )
  },
}

/** `countersign trusted-build-system update`. With `--json`: `{ trustedBuildSystemId, position, changeProposalId }`. */
export const update: CommandModule = {
  define(command, invocation) {
    withBasedOn(withChangeReason(withConnection(command)))
      .argument('<build-system>', 'its slug or id')
      .option('--name <text>', 'another name')
      .option('--description <text>', 'another description; an empty one takes it away')
      .action(
        async (text: string, options: ChangeOptions & { readonly name?: string; readonly description?: string }) => {
          const connection = await connect(invocation, options, null)
          const system = await buildSystemOf(connection, text)
          const input = {
            ...basis(system, options),
            name: options.name ?? system.name,
            description: (options.description ?? system.description) || null,
          }
          const { updateTrustedBuildSystem: changed } = await ask(connection, updateBuildSystem, { input })
          reportOrProposed(invocation, changed, `Changed the trusted build system ${system.slug}.`)
        },
      )
  },
}

/** `countersign trusted-build-system rotate-token`. With `--json`: as `create`. */
export const rotateToken: CommandModule = {
  define(command, invocation) {
    withBasedOn(withChangeReason(withConnection(command)))
      .argument('<build-system>', 'its slug or id')
      .option(
        '--previous-until <moment>',
        'until when the token before works beside the new one, at most 30 days (default: it stops at once)',
      )
      .action(async (text: string, options: ChangeOptions & { readonly previousUntil?: string }) => {
        const { previousUntil } = options
        const previousTokenValidUntil =
          previousUntil === undefined ? null : parseInstant(previousUntil, '--previous-until')
        const connection = await connect(invocation, options, null)
        const input = { ...basis(await buildSystemOf(connection, text), options), previousTokenValidUntil }
        const { rotateTrustedBuildSystemToken: made } = await ask(connection, rotateBuildSystemToken, { input })
        reportToken(invocation, made)
      })
  },
}

/** `countersign trusted-build-system disable`. With `--json`: `{ trustedBuildSystemId, position, changeProposalId }`. */
export const disable: CommandModule = {
  define(command, invocation) {
    withBasedOn(withConnection(command))
      .argument('<build-system>', 'its slug or id')
      .option('--reason <text>', 'why')
      .action(async (text: string, options: ChangeOptions & { readonly reason?: string }) => {
        const connection = await connect(invocation, options, null)
        const system = await buildSystemOf(connection, text)
        const input = { ...basis(system, options), reason: options.reason ?? null }
        const { disableTrustedBuildSystem: changed } = await ask(connection, disableBuildSystem, { input })
        reportOrProposed(
          invocation,
          changed,
          `Disabled the trusted build system ${system.slug}: its tokens are refused.`,
        )
      })
  },
}

/** `countersign trusted-build-system enable`. With `--json`: `{ trustedBuildSystemId, position, changeProposalId }`. */
export const enable: CommandModule = {
  define(command, invocation) {
    withBasedOn(withChangeReason(withConnection(command)))
      .argument('<build-system>', 'its slug or id')
      .action(async (text: string, options: ChangeOptions) => {
        const connection = await connect(invocation, options, null)
        const system = await buildSystemOf(connection, text)
        const input = basis(system, options)
        const { enableTrustedBuildSystem: changed } = await ask(connection, enableBuildSystem, { input })
        reportOrProposed(invocation, changed, `Enabled the trusted build system ${system.slug}.`)
      })
  },
}

function basis(
  { trustedBuildSystemId, revision }: { readonly trustedBuildSystemId: string; readonly revision: number },
  { basedOn }: BasedOnOption,
) {
  return { trustedBuildSystemId, basedOnRevision: basedOn ?? revision }
}
