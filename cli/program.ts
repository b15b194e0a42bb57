import { Command } from 'commander'
import { buildSystemCommands } from './build-system-commands.ts'
import { certificateCommands } from './certificate-commands.ts'
import { exitCodeHelp } from './exit-code.ts'
import type { CommandEntry, CommandGroup, Invocation } from './invocation.ts'
import { peopleCommands } from './people-commands.ts'
import { projectCommands } from './project-commands.ts'
import { signingCommands } from './signing-commands.ts'
import { version } from './version.ts'
import { webHookCommands } from './web-hook-commands.ts'

const entries: readonly (CommandEntry | CommandGroup)[] = [
  ...signingCommands,
  {
    name: 'whoami',
    summary: 'show the service, the organization, and who the token stands for',
    load: () => import('./commands/whoami.ts'),
  },
  {
    name: 'key',
    summary: 'keys: list, show, disable, destroy',
    commands: [
      { name: 'list', summary: 'list keys, newest first', load: () => import('./commands/key-list.ts') },
      { name: 'show', summary: 'show everything about a key', load: () => import('./commands/key-show.ts') },
      {
        name: 'disable',
        summary: 'disable a key for good',
        load: () => import('./commands/key-disable.ts'),
      },
      {
        name: 'delete',
        summary: 'destroy a key in its key store, when two administrators want it',
        load: () => import('./commands/key-delete.ts'),
      },
    ],
  },
  certificateCommands,
  ...projectCommands,
  buildSystemCommands,
  webHookCommands,
  ...peopleCommands,
  {
    name: 'apply',
    summary: 'make groups, projects and policies as a file says',
    load: () => import('./commands/apply.ts'),
  },
  {
    name: 'change',
    summary: 'proposed changes of rules: look at, approve, reject',
    commands: [
      { name: 'list', summary: 'list proposed changes, newest first', load: () => import('./commands/change-list.ts') },
      {
        name: 'show',
        summary: 'show what a proposed change does, field by field',
        load: () => import('./commands/change-show.ts'),
      },
      {
        name: 'approve',
        summary: 'show a proposed change, ask, and approve it',
        load: () => import('./commands/change-approve.ts'),
      },
      {
        name: 'reject',
        summary: 'reject a proposed change, or take it back',
        load: () => import('./commands/change-reject.ts'),
      },
    ],
  },
  {
    name: 'event-key',
    summary: "keys by which the service's processes sign events",
    commands: [
      {
        name: 'revoke',
        summary: 'on the server: revoke a key from a moment on',
        load: () => import('./commands/event-key-revoke.ts'),
      },
    ],
  },
  {
    name: 'init',
    summary: 'on the server: set up an empty installation, with its first administrator',
    load: () => import('./commands/init.ts'),
  },
  {
    name: 'organization',
    summary: 'the organization, and further ones of an installation',
    commands: [
      {
        name: 'create',
        summary: 'on the server: add an organization, with its first administrator',
        load: () => import('./commands/organization-create.ts'),
      },
      {
        name: 'add-administrator',
        summary: 'on the server: make somebody Global Administrator when nobody is left who could',
        load: () => import('./commands/organization-add-administrator.ts'),
      },
      {
        name: 'file',
        summary: 'print the organization as a file for apply',
        load: () => import('./commands/organization-file.ts'),
      },
      {
        name: 'change-control',
        summary: 'show or say which approvals changes of rules need',
        load: () => import('./commands/organization-change-control.ts'),
      },
      {
        name: 'statement-key',
        summary: 'show or say which key signs where something comes from',
        load: () => import('./commands/organization-statement-key.ts'),
      },
    ],
  },
  { name: 'serve', summary: 'run the service, or some of its roles', load: () => import('./commands/serve.ts') },
  {
    name: 'proxy',
    summary: 'run the authentication proxy for build nodes with client certificates',
    load: () => import('./commands/proxy.ts'),
  },
  {
    name: 'audit',
    summary: 'the audit log: history, refusals, export, replay',
    commands: [
      {
        name: 'history',
        summary: 'show everything that happened to something, and what it changed',
        load: () => import('./commands/audit-history.ts'),
      },
      {
        name: 'security',
        summary: 'list who was refused what, and the newest unusual activity',
        load: () => import('./commands/audit-security.ts'),
      },
      {
        name: 'unusual-activity',
        summary: 'list what people did otherwise than they do, newest first',
        load: () => import('./commands/audit-unusual-activity.ts'),
      },
      {
        name: 'export',
        summary: 'save the audit log as JSON Lines, to check it offline',
        load: () => import('./commands/audit-export.ts'),
      },
      {
        name: 'replay',
        summary: 'on the server, or of an export: check the log, and fold it into states',
        load: () => import('./commands/audit-replay.ts'),
      },
      {
        name: 'refusals',
        summary: 'on the server: read who was refused what, by default of people who belong to no organization',
        load: () => import('./commands/audit-refusals.ts'),
      },
    ],
  },
  {
    name: 'artifact',
    summary:
      'what is in a file, and what an artifact configuration would sign in it: on this machine, without the service',
    commands: [
      {
        name: 'inspect',
        summary: 'show what is in a file, what of it can be signed, and whose signatures are there',
        load: () => import('./commands/artifact-inspect.ts'),
      },
      {
        name: 'plan',
        summary: 'show what an artifact configuration would sign in a file',
        load: () => import('./commands/artifact-plan.ts'),
      },
      {
        name: 'suggest',
        summary: 'write an artifact configuration that signs what can be signed in a file',
        load: () => import('./commands/artifact-suggest.ts'),
      },
    ],
  },
  {
    name: 'projections',
    summary: 'on the server: the read model',
    commands: [
      {
        name: 'rebuild',
        summary: 'drop the read model and make it anew from the log',
        load: () => import('./commands/projections-rebuild.ts'),
      },
    ],
  },
]

const about = [
  'Signs software with keys that stay in an HSM, after the people who must agree have agreed.',
  'The service and the token come from --url and --token, from COUNTERSIGN_URL and COUNTERSIGN_TOKEN (or COUNTERSIGN_TOKEN_FILE), or from the files that the embedded service leaves in .countersign (COUNTERSIGN_DATA).',
].join('\n\n')

/**
 * The command line, with the details of the command that the arguments name and of no other: what is not used is not
 * loaded.
 */
export async function createProgram(args: readonly string[], invocation: Invocation): Promise<Command> {
  const { report, terminal } = invocation
  const { stdout, stderr } = terminal
  const program = new Command('countersign')
    .description(about)
    .version(version(), '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => {
        if (!report.json) stderr.write(text)
      },
      // Errors are printed by whoever catches them, in one form.
      outputError: () => undefined,
      getOutHelpWidth: () => Math.min(stdout.columns, 110),
      getErrHelpWidth: () => Math.min(stderr.columns, 110),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showSuggestionAfterError()
    .addHelpText('after', `\n${exitCodeHelp}`)
  for (const entry of entries) await add(program, entry, args, invocation)
  return program
}

async function add(
  parent: Command,
  entry: CommandEntry | CommandGroup,
  named: readonly string[],
  invocation: Invocation,
) {
  const command = parent.command(entry.name).summary(entry.summary).description(sentence(entry.summary))
  const [first, ...rest] = named
  if ('commands' in entry) {
    for (const member of entry.commands) await add(command, member, first === entry.name ? rest : [], invocation)
    return
  }
  if (first === entry.name) (await entry.load()).define(command, invocation)
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
}
