import { type Command, CommanderError } from 'commander'
import { usageError } from './cli-error.ts'
import { type ExitCode, exitCode } from './exit-code.ts'
import { createReport } from './output/report.ts'
import { createProgram } from './program.ts'
import type { Terminal } from './terminal.ts'

/**
 * Runs one command line to its end, everything printed.
 *
 * @param commandLine what stands behind `countersign`
 * @returns what the process ends with; it never throws
 */
export async function run(commandLine: readonly string[], terminal: Terminal): Promise<ExitCode> {
  // Commander's own `help` knows one level of commands only.
  const args = commandLine[0] === 'help' ? [...commandLine.slice(1), '--help'] : commandLine
  // Before anything is parsed: what cannot be parsed is reported in the wanted form too.
  const report = createReport(terminal, optionsOf(args).includes('--json'))
  let code: ExitCode = exitCode.success
  try {
    const program = await createProgram(args, { terminal, report, exitWith: (said) => (code = said) })
    await program.parseAsync(args, { from: 'user' }).catch((error) => {
      if (!(error instanceof CommanderError)) throw error
      if (error.exitCode !== 0) throw asUsageError(error, args, program)
    })
    return code
  } catch (error) {
    return report.failure(error)
  }
}

function optionsOf(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--')
  return end < 0 ? args : args.slice(0, end)
}

function asUsageError(error: CommanderError, args: readonly string[], program: Command): Error {
  const { command, isBehindOptions } = namedCommand(program, args)
  if (error.code === 'commander.help') return usageError(`\`${command}\` needs the name of a command behind it.`)
  const isMisplaced = error.code === 'commander.unknownOption' && isBehindOptions
  const place = isMisplaced ? ['Options stand behind the command.'] : []
  const [message = '', ...more] = withoutTokens(error.message.replace(/^error: /, ''), args).split('\n')
  return usageError(
    `${message.charAt(0).toUpperCase()}${message.slice(1)}${message.endsWith('.') ? '' : '.'}`,
    [...place, ...more, `\`${command} --help\` shows what there is.`].join(' '),
  )
}

/**
 * The command that the arguments name, as far as they name one: `countersign request show`. Options that stand before it, and their
 * values, are passed over.
 */
function namedCommand(
  group: Command,
  args: readonly string[],
): { readonly command: string; readonly isBehindOptions: boolean } {
  const isBehindOptions = group.commands.length > 0 && args[0]?.startsWith('-') === true
  const place = isBehindOptions ? args.findIndex((each) => memberOf(group, each) !== undefined) : 0
  const member = memberOf(group, args[place])
  if (member === undefined) return { command: group.name(), isBehindOptions }
  const below = namedCommand(member, args.slice(place + 1))
  return {
    command: `${group.name()} ${below.command}`,
    isBehindOptions: isBehindOptions || below.isBehindOptions,
  }
}

function memberOf({ commands }: Command, name: string | undefined): Command | undefined {
  return commands.find((each) => each.name() === name)
}

// Commander quotes what it does not understand.
function withoutTokens(message: string, args: readonly string[]): string {
  const tokens = args.flatMap((argument, index) => {
    if (argument.startsWith('--token=')) return [argument.slice('--token='.length)]
    return args[index - 1] === '--token' ? [argument] : []
  })
  return tokens.filter((token) => token !== '').reduce((text, token) => text.replaceAll(token, '…'), message)
}
