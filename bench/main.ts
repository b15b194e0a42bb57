import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parts } from './parts.ts'
import { holds, type Row } from './row.ts'

// `npm run bench [PART …]` runs the parts one after the other, prints a table and writes bench-results.json.
// `node bench/main.ts --part PART` is one of them, in a process of its own.
const [flag, ...names] = process.argv.slice(2)
if (flag === '--part') {
  // A row is a line of JSON.
  const give = (row: Row) => void process.stdout.write(`${JSON.stringify(row)}\n`)
  for (const row of (await parts[names[0] ?? '']?.(give)) ?? []) give(row)
  process.stdout.write('', () => process.exit(0))
} else await runAll(flag === undefined ? Object.keys(parts) : [flag, ...names])

async function runAll(wanted: readonly string[]): Promise<void> {
  const unknown = wanted.filter((name) => !Object.hasOwn(parts, name))
  if (unknown.length > 0) {
    process.stderr.write(`There is no part ${unknown.join(', ')}; there are: ${Object.keys(parts).join(', ')}.\n`)
    process.exit(2)
  }
  const rows: Row[] = []
  const ended: string[] = []
  for (const name of wanted) {
    process.stderr.write(`${name} …\n`)
    await runPart(name, (row) => {
      // The parts take long, and what was measured must not be lost with a later one.
      process.stderr.write(`  ${line(row)}\n`)
      rows.push(row)
    }).catch((error: Error) => {
      // What keeps one part from its end keeps no other from being measured.
      process.stderr.write(`  ${error.message}\n`)
      ended.push(name)
    })
  }
  process.stdout.write(`${table(rows)}\n`)
  const results = rows.map((row) => ({ ...row, holds: holds(row) }))
  const machine = { cpus: cpus().map(({ model }) => model), node: process.version }
  await writeFile(
    'bench-results.json',
    `${JSON.stringify({ at: new Date().toISOString(), machine, results }, undefined, 2)}\n`,
  )
  if (ended.length > 0) process.stdout.write(`Not measured: ${ended.join(', ')}.\n`)
  if (ended.length > 0 || results.some((row) => !row.holds)) process.exitCode = 1
}

async function runPart(name: string, take: (row: Row) => void): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--part', name], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // As the image has it: libraries check less then.
    env: { ...process.env, NODE_ENV: 'production' },
  })
  createInterface({ input: child.stdout }).on('line', (row) => take(JSON.parse(row)))
  // Closed when everything that it printed was read.
  const [status] = await once(child, 'close')
  if (status !== 0) throw new Error(`${name} ended with status ${status}`)
}

function table(rows: readonly Row[]): string {
  return [
    '| work | ours | against | figure | must be | holds |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map(line),
  ].join('\n')
}

function line(row: Row): string {
  const { work, ours, against, figure, must, bound } = row
  return `| ${work} | ${ours} | ${against} | ${figure.toFixed(figure < 100 ? 2 : 0)} | ${must} ${bound} | ${holds(row) ? 'yes' : 'NO'} |`
}
