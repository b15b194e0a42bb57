import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { usageError } from './cli-error.ts'
import { exitCode } from './exit-code.ts'
import type { Output, Terminal } from './terminal.ts'

/** The terminal of this process. */
export function processTerminal(): Terminal {
  let interruption: AbortController | undefined
  return {
    environment: process.env,
    workingDirectory: process.cwd(),
    stdout: outputTo(process.stdout),
    stderr: outputTo(process.stderr),
    canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
    ask: (question) => ask(question, process.stderr),
    askSecret,
    readInput,
    interruption() {
      interruption ??= listenForInterruption()
      return interruption.signal
    },
  }
}

function outputTo(stream: NodeJS.WriteStream): Output {
  // The reader may go away (`countersign request list | head -1`): then nobody wants the rest.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? exitCode.success)
    throw error
  })
  return {
    isTTY: stream.isTTY === true,
    get columns() {
      // Some terminals do not know their width and say zero.
      return stream.columns || 80
    },
    write: (text) => void stream.write(text),
    writeBytes: (bytes) =>
      new Promise((resolve) => {
        if (stream.write(bytes)) resolve()
        else stream.once('drain', resolve)
      }),
  }
}

/** More than any secret that is piped in, in characters. */
const longestInput = 4_096

async function readInput(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk
    if (text.length > longestInput)
      throw usageError(`Standard input has more than ${longestInput} characters.`, undefined, 'INPUT_TOO_LONG')
  }
  return text
}

/** What is typed is echoed by the lines' own output, which leads nowhere. */
async function askSecret(question: string): Promise<string> {
  process.stderr.write(question)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const answer = await ask('', nowhere, true)
  if (answer !== '') process.stderr.write('\n')
  return answer
}

async function ask(question: string, output: NodeJS.WritableStream, terminal?: true): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, ...(terminal === undefined ? {} : { terminal }) })
  try {
    // Ctrl-C and the end of the input are no answer.
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
    const answer = await Promise.race([lines.question(question).catch(() => ''), ended])
    if (answer === '') process.stderr.write('\n')
    return answer
  } finally {
    lines.close()
  }
}

function listenForInterruption(): AbortController {
  const controller = new AbortController()
  let first: number | undefined
  const interrupt = () => {
    // Pressing once can arrive twice (from the terminal, and from a parent that passes it on); only a later one insists.
    if (first !== undefined && Date.now() - first > 1000) process.exit(exitCode.interrupted)
    first ??= Date.now()
    controller.abort()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  return controller
}
