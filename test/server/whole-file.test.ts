import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readIfThere, replaceFile, writeNewFile } from '../../server/whole-file.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

describe('a file of the service', () => {
  it('replaces the former one, for its owner alone, and leaves nothing beside it', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'key')
    await writeFile(path, 'former', { mode: 0o644 })
    await replaceFile(path, 'new')
    expect(await readFile(path, 'utf8')).toBe('new')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['key'])
  })

  it('leaves nothing behind when it cannot take its place', async () => {
    const folder = temporaryFolder()
    await mkdir(join(folder, 'taken', 'by-a-folder'), { recursive: true })
    await expect(replaceFile(join(folder, 'taken'), 'new')).rejects.toThrow()
    expect(await readdir(folder)).toEqual(['taken'])
  })

  it('is not written over when it must be new', async () => {
    const path = join(temporaryFolder(), 'pins')
    await writeNewFile(path, 'first')
    await expect(writeNewFile(path, 'second')).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await readFile(path, 'utf8')).toBe('first')
  })

  it('reads as undefined when it is not there, and fails when it cannot be read', async () => {
    const folder = temporaryFolder()
    expect(await readIfThere(join(folder, 'missing'))).toBeUndefined()
    await expect(readIfThere(folder)).rejects.toMatchObject({ code: 'EISDIR' })
  })
})
