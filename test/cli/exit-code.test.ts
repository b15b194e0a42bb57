import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { exitCode, exitCodeHelp } from '../../cli/exit-code.ts'

it('lists every exit code in the help and in docs/command-line.md, and no other', () => {
  const codes = Object.values(exitCode).sort((a, b) => a - b)
  const page = readFileSync(join(import.meta.dirname, '../../docs/command-line.md'), 'utf8')
  expect([...page.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))).toEqual(codes)
  const helped = [...exitCodeHelp.matchAll(/(?<=^ *| {2,})\d+(?= {2})/gm)].map(([code]) => Number(code))
  expect(helped.sort((a, b) => a - b)).toEqual(codes)
})
