import { chmod, mkdir, mkdtempDisposable, readdir, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileCacheFolder } from '../../server/compile-cache.js'

describe('the folder in which Node keeps what it compiled', () => {
  it('is made where only the user writes', async () => {
    await using home = await mkdtempDisposable(join(tmpdir(), 'countersign-compiled-'))
    const folder = compileCacheFolder({ XDG_CACHE_HOME: home.path })
    expect(folder).toBe(join(home.path, 'countersign', 'compiled'))
    for (const each of [join(home.path, 'countersign'), String(folder)])
      expect((await stat(each)).mode & 0o777).toBe(0o700)
  })

  it.each(['countersign', 'countersign/compiled'])('is not taken where others write to %s', async (open) => {
    await using home = await mkdtempDisposable(join(tmpdir(), 'countersign-compiled-'))
    await mkdir(join(home.path, 'countersign', 'compiled'), { recursive: true, mode: 0o700 })
    await chmod(join(home.path, open), 0o770)
    expect(compileCacheFolder({ XDG_CACHE_HOME: home.path })).toBeUndefined()
  })

  it('is not taken where a link leads elsewhere, or no folder can be made', async () => {
    await using home = await mkdtempDisposable(join(tmpdir(), 'countersign-compiled-'))
    await mkdir(join(home.path, 'elsewhere'))
    await symlink(join(home.path, 'elsewhere'), join(home.path, 'countersign'))
    expect(compileCacheFolder({ XDG_CACHE_HOME: home.path })).toBeUndefined()
    expect(compileCacheFolder({ XDG_CACHE_HOME: '/dev/null' })).toBeUndefined()
  })

  it.each(['NODE_COMPILE_CACHE', 'NODE_DISABLE_COMPILE_CACHE'])(
    'is for Node to choose where %s is set',
    async (name) => {
      await using home = await mkdtempDisposable(join(tmpdir(), 'countersign-compiled-'))
      expect(compileCacheFolder({ XDG_CACHE_HOME: home.path, [name]: '1' })).toBeUndefined()
      expect(await readdir(home.path)).toEqual([])
    },
  )
})
