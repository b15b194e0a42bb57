import { createInterface } from 'node:readline/promises'
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
    ask,
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

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
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
