import { Option } from 'commander'
import { allPages } from '../all-pages.ts'
import { CliError } from '../cli-error.ts'
import type { Connection, ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import {
  createWebHook,
  deleteWebHook,
  disableWebHook,
  enableWebHook,
  listWebHooks,
  oneWebHook,
  rotateWebHookSecret,
  updateWebHook,
  type WebHookDetails,
  webHookEventTypes,
} from '../documents/web-hooks.ts'
import { parseInstant } from '../duration.ts'
import { exitCode } from '../exit-code.ts'
import { type CommandModule, connect, type Invocation, withConnection } from '../invocation.ts'
import { statusCell, table } from '../output/table.ts'
import { webHookText } from '../output/web-hook-details.ts'
import { type BasedOnOption, withBasedOn } from '../people.ts'
import { readSecretLine } from '../secret-line.ts'
import { projectOf } from './project.ts'

type ChangeOptions = ConnectionOptions & BasedOnOption
type AuthorizationOptions = { readonly authorizationFile?: string }

/** `countersign web-hook list`. With `--json`: `{ webHooks: […] }`. */
export const list: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .option('--project <slug>', "a project's own (slug or id)")
      .action(async (options: ConnectionOptions & { readonly project?: string }) => {
        const connection = await connect(invocation, options, 'ci')
        const projectId =
          options.project === undefined ? null : (await projectOf(connection, options.project)).projectId
        const { items } = await allPages(
          async (page) => (await ask(connection, listWebHooks, { projectId, ...page })).webHooks,
        )
        const { report } = invocation
        report.result({ webHooks: items }, () => {
          if (items.length === 0) return 'No web hooks.\n'
          const rows = items.map(({ webHookId, name, url, project, status }) => [
            webHookId,
            name,
            project?.slug ?? 'all projects',
            statusCell(status, 'enabled'),
            url,
          ])
          return table(['web hook', 'name', 'project', 'status', 'url'], rows, report.marker)
        })
      })
  },
}

/** `countersign web-hook show`. With `--json`: its fields. */
export const show: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .argument('<web-hook>', 'its id')
      .action(async (id: string, options: ConnectionOptions) => {
        const hook = await webHookOf(await connect(invocation, options, 'ci'), id)
        const { report } = invocation
        report.result(hook, () => webHookText(hook, report.marker))
      })
  },
}

/** `countersign web-hook create`. With `--json`: `{ webHookId, position, secret }`. */
export const create: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .argument('<url>', 'where it is told; everybody of the organization can read it')
      .requiredOption('--name <text>', 'what people call it')
      .option('--project <slug>', 'whose requests it is told of, for good (default: those of all projects)')
      .addOption(eventOption('default: completed failed denied canceled'))
      .option('--authorization-file <file>', 'a file with the value of the Authorization header, sent as it is')
      .action(
        async (
          url: string,
          options: ConnectionOptions &
            AuthorizationOptions & { readonly name: string; readonly project?: string; readonly event?: string[] },
        ) => {
          const { name, project, event } = options
          const authorization = (await authorizationIn(invocation, options)) ?? null
          const connection = await connect(invocation, options, null)
          const projectId = project === undefined ? null : (await projectOf(connection, project)).projectId
          const input = { projectId, name, url, authorization, ...(event === undefined ? {} : { eventTypes: event }) }
          const { createWebHook: made } = await ask(connection, createWebHook, { input })
          invocation.report.note(`Created the web hook ${made.webHookId}; its secret is shown this once.`)
          invocation.report.result(made, () => `${made.secret}\n`)
        },
      )
  },
}

/** `countersign web-hook update`. With `--json`: `{ webHookId, position }`. */
export const update: CommandModule = {
  define(command, invocation) {
    withBasedOn(withConnection(command))
      .argument('<web-hook>', 'its id')
      .option('--name <text>', 'another name')
      .option('--address <url>', 'another address')
      .addOption(eventOption('in place of those that it is told now'))
      .option('--authorization-file <file>', 'a file with another value of the Authorization header')
      .option('--no-authorization', 'send no Authorization header any more')
      .action(
        async (
          id: string,
          options: ChangeOptions &
            AuthorizationOptions & {
              readonly name?: string
              readonly address?: string
              readonly event?: string[]
              readonly authorization: boolean
            },
        ) => {
          const given = options.authorization ? await authorizationIn(invocation, options) : null
          const connection = await connect(invocation, options, null)
          const hook = await webHookOf(connection, id)
          const input = {
            ...basis(hook, options),
            name: options.name ?? hook.name,
            url: options.address ?? hook.url,
            eventTypes: options.event ?? hook.eventTypes,
            ...(given === undefined ? {} : { authorization: given }),
          }
          const { updateWebHook: changed } = await ask(connection, updateWebHook, { input })
          invocation.report.result(changed, () => `Changed the web hook ${input.name}.\n`)
        },
      )
  },
}

/** `countersign web-hook rotate-secret`. With `--json`: as `create`. */
export const rotateSecret: CommandModule = {
  define(command, invocation) {
    withBasedOn(withConnection(command))
      .argument('<web-hook>', 'its id')
      .option(
        '--previous-until <moment>',
        'until when messages are signed with the secret before, too, at most 30 days (default: not at all)',
      )
      .action(async (id: string, options: ChangeOptions & { readonly previousUntil?: string }) => {
        const { previousUntil } = options
        const previousSecretValidUntil =
          previousUntil === undefined ? null : parseInstant(previousUntil, '--previous-until')
        const connection = await connect(invocation, options, null)
        const input = { ...basis(await webHookOf(connection, id), options), previousSecretValidUntil }
        const { rotateWebHookSecret: made } = await ask(connection, rotateWebHookSecret, { input })
        invocation.report.result(made, () => `${made.secret}\n`)
      })
  },
}

/** `countersign web-hook disable`. With `--json`: `{ webHookId, position }`. */
export const disable: CommandModule = {
  define(command, invocation) {
    withBasedOn(withConnection(command))
      .argument('<web-hook>', 'its id')
      .option('--reason <text>', 'why')
      .action(async (id: string, options: ChangeOptions & { readonly reason?: string }) => {
        const connection = await connect(invocation, options, null)
        const hook = await webHookOf(connection, id)
        const input = { ...basis(hook, options), reason: options.reason ?? null }
        const { disableWebHook: changed } = await ask(connection, disableWebHook, { input })
        invocation.report.result(changed, () => `Disabled the web hook ${hook.name}.\n`)
      })
  },
}

/** `countersign web-hook enable`. With `--json`: `{ webHookId, position }`. */
export const enable: CommandModule = changeOf(enableWebHook, 'Enabled')

/** `countersign web-hook delete`. With `--json`: `{ webHookId, position }`. */
export const remove: CommandModule = changeOf(deleteWebHook, 'Deleted')

/** A command that says nothing but which web hook. */
function changeOf(document: typeof enableWebHook, done: string): CommandModule {
  return {
    define(command, invocation) {
      withBasedOn(withConnection(command))
        .argument('<web-hook>', 'its id')
        .action(async (id: string, options: ChangeOptions) => {
          const connection = await connect(invocation, options, null)
          const hook = await webHookOf(connection, id)
          const { changed } = await ask(connection, document, { input: basis(hook, options) })
          invocation.report.result(changed, () => `${done} the web hook ${hook.name}.\n`)
        })
    },
  }
}

/** A web hook by its id. @throws CliError `WEB_HOOK_NOT_FOUND` */
async function webHookOf(connection: Connection, id: string): Promise<WebHookDetails> {
  const { webHook } = await ask(connection, oneWebHook, { id })
  if (webHook !== null) return webHook
  throw new CliError('WEB_HOOK_NOT_FOUND', `There is no web hook ${id}.`, {
    hint: '`countersign web-hook list` shows them.',
    exitCode: exitCode.refused,
  })
}

function eventOption(description: string): Option {
  return new Option('--event <types...>', `what it is told; ${description}`).choices(webHookEventTypes)
}

async function authorizationIn(
  { terminal }: Invocation,
  { authorizationFile }: AuthorizationOptions,
): Promise<string | undefined> {
  return authorizationFile === undefined ? undefined : readSecretLine(terminal, authorizationFile)
}

function basis({ webHookId, revision }: WebHookDetails, { basedOn }: BasedOnOption) {
  return { webHookId, basedOnRevision: basedOn ?? revision }
}
