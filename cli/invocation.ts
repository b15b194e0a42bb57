import type { Command } from 'commander'
import type { ClientCertificateOptions } from './client-certificate-options.ts'
import type { Connection, ConnectionOptions } from './connection/connection.ts'
import type { ExitCode } from './exit-code.ts'
import type { Report } from './output/report.ts'
import type { Terminal } from './terminal.ts'

/** What a command works with. */
export type Invocation = {
  readonly terminal: Terminal
  readonly report: Report
  /** Says what the process ends with; `success` unless said. */
  readonly exitWith: (code: ExitCode) => void
}

/** A file of `commands/`: adds arguments, options and the action to a command that has a name and a summary already. */
export type CommandModule = { readonly define: (command: Command, invocation: Invocation) => void }

/** A command: what help lists of it, and where the rest is. */
export type CommandEntry = {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<CommandModule>
}

/** Commands about one thing. */
export type CommandGroup = {
  readonly name: string
  readonly summary: string
  readonly commands: readonly CommandEntry[]
}

/** Adds a paragraph to what a command's help says first. */
export function explain(command: Command, paragraph: string): Command {
  return command.description(`${command.description()}\n\n${paragraph}`)
}

/** Adds the option that every command has. */
export function withJson(command: Command): Command {
  return command.option('--json', 'answer in JSON on stdout; errors and warnings as lines of JSON on stderr')
}

/** Adds the options that say which service is asked, by whom. */
export function withConnection(command: Command): Command {
  return withJson(command)
    .optionsGroup('Service:')
    .option('--url <url>', 'the service (else COUNTERSIGN_URL, else the embedded one of this folder)')
    .option(
      '--token <token>',
      'API token; everybody on this machine can see it in the process list: better set COUNTERSIGN_TOKEN, or COUNTERSIGN_TOKEN_FILE to a file that holds it',
    )
    .option('--as <name>', 'act as this user of the embedded service: ci, approver-1, administrator …')
    .optionsGroup('Options:')
}

/**
 * The connection that the options and the environment name.
 *
 * @param defaultUser of the embedded service's credentials file; `null` for a decision that is a person's: then somebody
 *   must be named
 * @throws CliError as `findConnection` and, where they name a client certificate, `chosenCertificate` do
 */
export async function connect(
  { terminal, report }: Invocation,
  options: ConnectionOptions & ClientCertificateOptions,
  defaultUser: 'ci' | null,
): Promise<Connection> {
  const { findConnection } = await import('./connection/connection.ts')
  const connection = findConnection(terminal, options, defaultUser, report.warn)
  const { clientCertificate, clientKey, clientPasswordFile, templateId } = options
  if ([clientCertificate, clientKey, clientPasswordFile, templateId].every((option) => option === undefined))
    return connection
  const { chosenCertificate } = await import('./client-certificate.ts')
  const chosen = await chosenCertificate(terminal, options)
  if (chosen === undefined) return connection
  const { callsWithCertificate } = await import('./connection/client-certificate.ts')
  return { ...connection, certified: callsWithCertificate(chosen) }
}
