import type { ExitCode } from '../../cli/exit-code.ts'
import { run } from '../../cli/run.ts'
import type { Terminal } from '../../cli/terminal.ts'

/** What a command did. */
export type Ran = { readonly code: ExitCode; readonly stdout: string; readonly stderr: string }

/** How a command is run. */
export type RunOptions = {
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly workingDirectory?: string
  /** Answers to questions; a terminal without any cannot be asked. */
  readonly answers?: readonly string[]
  /** What comes on standard input. */
  readonly input?: string
  /** Whether a person looks at it. */
  readonly isTTY?: boolean
  readonly interruption?: AbortSignal
  /** Told what was printed so far, whenever something is. */
  readonly printed?: (all: { readonly stdout: string; readonly stderr: string }) => void
}

/** Runs a command line in this process, with a terminal that keeps what is printed. */
export async function runCommand(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { isTTY = false, answers } = options
  const all = { stdout: '', stderr: '' }
  const output = (name: 'stdout' | 'stderr') => ({
    isTTY,
    columns: 100,
    write(text: string) {
      all[name] += text
      options.printed?.(all)
    },
    async writeBytes(bytes: Uint8Array) {
      this.write(Buffer.from(bytes).toString('utf8'))
    },
  })
  const left = [...(answers ?? [])]
  const terminal: Terminal = {
    environment: options.environment ?? {},
    workingDirectory: options.workingDirectory ?? '/nonexistent',
    stdout: output('stdout'),
    stderr: output('stderr'),
    canAsk: answers !== undefined,
    ask: async (question) => {
      terminal.stderr.write(question)
      return left.shift() ?? ''
    },
    askSecret: (question) => terminal.ask(question),
    readInput: async () => options.input ?? '',
    interruption: () => options.interruption ?? new AbortController().signal,
  }
  const code = await run(args, terminal)
  return { code, ...all }
}
