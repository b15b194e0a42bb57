import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readSettings } from '../../server/configuration.ts'
import { checkWritable, writtenFolders } from '../../server/write-check.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const settings = (environment: Readonly<Record<string, string>>) => readSettings({ environment })

describe('a try to write', () => {
  it('leaves nothing behind', async () => {
    const folder = temporaryFolder()
    await checkWritable([folder])
    expect(readdirSync(folder)).toEqual([])
  })

  it('names the folder that is not there', async () => {
    const folder = join(temporaryFolder(), 'none')
    await expect(checkWritable([temporaryFolder(), folder])).rejects.toMatchObject({
      code: 'DISK_UNWRITABLE',
      message: expect.stringContaining(folder),
    })
  })

  const canMount = process.getuid?.() === 0 && spawnSync('mount', ['--version']).status === 0
  it.runIf(canMount)('says that a disk is full, until there is room again', async () => {
    const folder = temporaryFolder()
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])
    onTestFinished(() => void spawnSync('umount', [folder]))
    await checkWritable([folder])
    spawnSync('dd', ['if=/dev/zero', `of=${join(folder, 'filler')}`, 'bs=4k'])
    await expect(checkWritable([folder])).rejects.toMatchObject({ code: 'DISK_FULL' })
    expect(readdirSync(folder)).toEqual(['filler'])
    execFileSync('rm', [join(folder, 'filler')])
    await checkWritable([folder])
  })

  it.skipIf(process.getuid?.() === 0)('says that a folder is closed', async () => {
    const folder = temporaryFolder()
    chmodSync(folder, 0o500)
    await expect(checkWritable([folder])).rejects.toMatchObject({ code: 'DISK_UNWRITABLE' })
  })
})

describe('the folders that a process writes to', () => {
  it('are the data directory and what lies in it, unless settings say otherwise', () => {
    expect(writtenFolders(settings({ COUNTERSIGN_DATA: '/d' }), ['api'])).toEqual(['/d/artifacts', '/d'])
  })

  it('are those of its databases, where they are files', () => {
    const environment = {
      COUNTERSIGN_DATA: '/d',
      COUNTERSIGN_ARTIFACTS: '/a',
      COUNTERSIGN_EVENT_LOG: 'sqlite:/log/events.db',
      COUNTERSIGN_READ_MODEL: 'sqlite:/model/rows.db',
    }
    expect(writtenFolders(settings(environment), ['api', 'projector'])).toEqual(['/a', '/log', '/model'])
    expect(writtenFolders(settings(environment), ['worker'])).toEqual(['/a', '/log', '/d'])
    const remote = {
      ...environment,
      COUNTERSIGN_EVENT_LOG: 'esdb://log:2113',
      COUNTERSIGN_READ_MODEL: 'postgres://u@db/d',
    }
    expect(writtenFolders(settings(remote), ['api', 'projector'])).toEqual(['/a'])
  })
})
