import { describe, expect, it } from 'vitest'
import { allPages } from '../../cli/all-pages.ts'
import { parseDuration, parseInstant } from '../../cli/duration.ts'
import { showProgress } from '../../cli/output/progress.ts'
import { readableSize } from '../../cli/output/quantities.ts'
import { safeJson, safeOutput, safeText } from '../../cli/output/safe-text.ts'
import { markerFor } from '../../cli/output/style.ts'
import { fieldList, table } from '../../cli/output/table.ts'
import type { Terminal } from '../../cli/terminal.ts'
import { isPlainLine } from '../../domain/index.ts'
import { runCommand } from '../support/run-command.ts'

function terminalWith(isTTY: boolean, environment: Record<string, string> = {}) {
  let written = ''
  const write = (text: string) => {
    written += text
  }
  const output = { isTTY, columns: 80, write, writeBytes: async () => {} }
  const terminal: Terminal = {
    environment,
    workingDirectory: '/',
    stdout: output,
    stderr: output,
    canAsk: false,
    askSecret: async () => '',
    readInput: async () => '',
    ask: async () => '',
    interruption: () => new AbortController().signal,
  }
  return { terminal, written: () => written }
}

describe('tables', () => {
  it('align their columns with and without colours', () => {
    const rows = [
      [{ text: 'Completed', mark: 'good' as const }, 'a'],
      ['X', 'b'],
    ]
    const { terminal } = terminalWith(true)
    const coloured = table(['status', 'file'], rows, markerFor(terminal, terminal.stdout))
    expect(coloured).toContain('\u001b[32mCompleted\u001b[39m  a')
    expect(coloured).toContain('X          b')
    expect(table(['status', 'file'], rows, (_, text) => text)).toBe('STATUS     FILE\nCompleted  a\nX          b\n')
  })
})

describe('long lists', () => {
  it('are tables, however many rows they have', () => {
    const rows = Array.from({ length: 150_000 }, (_, index) => [String(index)])
    expect(table(['row'], rows, (_, text) => text).length).toBeGreaterThan(900_000)
  })

  it.each([
    ['has more than was asked for', Array(101).fill('x'), false, null],
    ['brings nothing and says that there is more', [], true, 'a'],
    ['says that there is more, and not where', ['x'], true, null],
    ['begins where the one before began', ['x'], true, 'a'],
  ])('are given up when a page %s', async (_, nodes, hasNextPage, endCursor) => {
    let asked = 0
    const list = allPages(async () => {
      asked += 1
      if (asked > 3) throw new Error('It asks without end.')
      return { nodes, pageInfo: { hasNextPage, endCursor } }
    })
    await expect(list).rejects.toMatchObject({ code: 'ANSWER_UNEXPECTED' })
  })
})

describe('what is printed', () => {
  it('shows every character that names may not hold, because nobody sees it, as an escape', () => {
    const all = Array.from({ length: 0x110000 }, (_, code) => String.fromCodePoint(code))
    const unseen = all.filter((character) => !isPlainLine(character))
    expect(unseen.length).toBeGreaterThan(100_000)
    expect(unseen.filter((character) => safeText(character) === character)).toEqual([])
    expect(unseen.filter((character) => safeJson(character).includes(character))).toEqual([])
  })

  it('parts columns by two spaces, and nothing else', () => {
    const rows = [['a  b   c', 'd']]
    expect(table(['file', 'by'], rows, (_, text) => text)).toBe('FILE               BY\na\\x20 b\\x20\\x20 c  d\n')
    expect(fieldList([['description', `x${' '.repeat(3)}plan`]], (_, text) => text)).toBe(
      'description  x\\x20\\x20 plan\n',
    )
  })

  it('names no field by characters that a terminal acts on', () => {
    expect(fieldList([['\u001b[2Jname', 'value']], (_, text) => text)).toBe('\\x1b[2Jname  value\n')
  })

  it('keeps colours and line ends, and nothing else that a terminal acts on', () => {
    const text = '\u001b[32mgood\u001b[39m\n\u001b]0;title\u0007 \u001b[2J \u0007[31m \u009b31m\r'
    expect(safeOutput(text)).toBe('\u001b[32mgood\u001b[39m\n\\x1b]0;title\\x07 \\x1b[2J \\x07[31m \\x9b31m\\x0d')
  })

  it('is JSON that holds the same and shows it', () => {
    const value = { name: 'a\u009b31m\u202eb\u{e0041}\n', list: [1] }
    const text = safeJson(value, 2)
    expect(text).toMatch(/^[\x20-\x7e\n]*$/)
    expect(JSON.parse(text)).toEqual(value)
  })
})

describe('colours', () => {
  it.each([
    [false, {}],
    [true, { NO_COLOR: '1' }],
    [true, { TERM: 'dumb' }],
  ])('are left out (terminal: %s, %j)', (isTTY, environment) => {
    const { terminal } = terminalWith(isTTY, environment)
    expect(markerFor(terminal, terminal.stdout)('bad', 'text')).toBe('text')
  })
})

describe('progress', () => {
  it('is a line a quarter where nobody looks, and a bar where somebody does', () => {
    const log = terminalWith(false)
    const quiet = showProgress(log.terminal, 'Uploading a', 1000)
    for (let done = 0; done <= 1000; done += 10) quiet.update(done)
    quiet.end()
    expect(log.written()).toBe('Uploading a (1000 B)\n  25 %\n  50 %\n  75 %\n  100 %\n')
    const screen = terminalWith(true)
    const bar = showProgress(screen.terminal, 'Uploading a', 1000)
    bar.update(500)
    bar.end()
    expect(screen.written()).toMatch(/█{15}░{15} {2}50 %\n$/)
    const narrow = terminalWith(true)
    showProgress(narrow.terminal, 'a'.repeat(200), 1000).update(1000)
    for (const line of narrow.written().split('\r\u001b[K')) expect(line.length).toBeLessThanOrEqual(80)
  })
})

describe('quantities', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1024 ** 2 - 1, '1.0 MiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
  ])('%d bytes are %s', (bytes, text) => expect(readableSize(bytes)).toBe(text))

  it.each([
    ['90', 90_000],
    ['90s', 90_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['24d', 24 * 86_400_000],
  ])('%s is a duration', (text, milliseconds) => expect(parseDuration(text, '--timeout')).toBe(milliseconds))

  it.each(['', '0', '-1', '1.5h', '25d', '1w', '1e3', '10000000000s'])('%j is no duration', (text) =>
    expect(() => parseDuration(text, '--timeout')).toThrow('--timeout is not a duration'),
  )

  it.each([
    ['2026-01-31', '2026-01-31T00:00:00.000Z'],
    ['2026-01-31T10:30:00+01:00', '2026-01-31T09:30:00.000Z'],
  ])('%s is a moment', (text, instant) => expect(parseInstant(text, '--since')).toBe(instant))

  it.each(['', '2026', '2026-02-30', '2026-13-01', '2026-01-31T10:30', '2026-01-31T25:00:00Z', '31.1.2026'])(
    '%j is no moment',
    (text) => expect(() => parseInstant(text, '--since')).toThrow('--since is not a moment'),
  )
})

describe('the command line', () => {
  it.each([
    [[], 'needs the name of a command'],
    [['request'], '`countersign request` needs the name of a command'],
    [['request', 'lst'], "Unknown command 'lst'."],
    [['sgin'], "Unknown command 'sgin'."],
    [['request', 'list', '--prjct', 'x'], "Unknown option '--prjct'."],
    [['request', 'show'], "Missing required argument 'id'."],
    [['sign', 'a', 'b', '--project', 'p', '--policy', 's'], 'Too many arguments'],
    [['sign', 'a'], '--project and --policy are needed'],
  ])('says what is wrong with %j', async (args, text) => {
    const ran = await runCommand(args)
    expect(ran).toMatchObject({ code: 2, stdout: '' })
    expect(ran.stderr).toContain(`error: USAGE: `)
    expect(ran.stderr).toContain(text)
    const inJson = await runCommand([...args, '--json'])
    expect(JSON.parse(inJson.stderr)).toMatchObject({ error: { code: 'USAGE', exitCode: 2 } })
  })

  it.each([
    [['sign', 'setup.exe'], 'countersign sign --help'],
    [['sgin', 'setup.exe'], 'countersign --help'],
    [['--url', 'https://example.com', 'request', 'list'], 'countersign request list --help'],
    [['request', '--json', 'list'], 'countersign request list --help'],
    [['request', '--prjct'], 'countersign request --help'],
    [['request', 'lst'], 'countersign request --help'],
    [['request', 'list', '--prjct', 'x'], 'countersign request list --help'],
  ])('names the command whose help to read after %j', async (args, command) => {
    const { stderr } = await runCommand(args)
    expect(stderr).toContain(`\`${command}\` shows what there is.`)
  })

  it.each([
    [['--help'], 'Exit codes:'],
    [['help', 'request', 'approve'], '--plan-digest'],
    [['request', '--help'], 'download'],
    [['sign', '--help'], 'process list'],
    [['serve', '--help'], '--no-demo'],
    [['audit', 'replay', '--help'], '--compare'],
    [['projections', 'rebuild', '--help'], 'event log'],
    [['request', 'resume', '--help'], 'workflow'],
  ])('helps with %j', async (args, text) => {
    const ran = await runCommand(args)
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(ran.stdout.replace(/\s+/g, ' ')).toContain(text)
  })
})
