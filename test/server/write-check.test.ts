import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Role, readSettings, type Settings } from '../../server/configuration.ts'
import { checkWritable, foldersOf, openRoom, placesOf } from '../../server/write-check.ts'
import { mayMount, smallDisk } from '../support/small-disk.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const mebibyte = 1024 ** 2

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

  it.runIf(mayMount)('says that a disk is full, or read-only, until it is not', async () => {
    const { path, fill, free, makeReadOnly, makeWritable } = smallDisk(80)
    await checkWritable([path])
    for (const left of [0, 32 * mebibyte]) {
      fill(left)
      await expect(checkWritable([path])).rejects.toMatchObject({ code: 'DISK_FULL' })
      free()
      await checkWritable([path])
    }
    makeReadOnly()
    await expect(checkWritable([path])).rejects.toMatchObject({ code: 'DISK_UNWRITABLE' })
    makeWritable()
    await checkWritable([path])
    expect(readdirSync(path)).toEqual([])
  })

  it.skipIf(process.getuid?.() === 0)('says that a folder is closed', async () => {
    const folder = temporaryFolder()
    chmodSync(folder, 0o500)
    await expect(checkWritable([folder])).rejects.toMatchObject({ code: 'DISK_UNWRITABLE' })
  })
})

describe('room for what a call writes', () => {
  it.runIf(mayMount)('ends for submissions before it ends for changes, and is there again', async () => {
    const { path, fill, free, makeReadOnly } = smallDisk(80)
    const room = openRoom(placesOf(settings({ COUNTERSIGN_DATA: path, COUNTERSIGN_ARTIFACTS: path }), ['api'], true))
    const wanting = async () => {
      const asked = await Promise.allSettled([room.require('submission'), room.require('change')])
      return asked.map((each) => (each.status === 'rejected' ? [each.reason.code, each.reason.transient] : undefined))
    }
    expect(await wanting()).toEqual([undefined, undefined])
    fill(32 * mebibyte)
    expect(await wanting()).toEqual([['DISK_FULL', true], undefined])
    fill(0)
    expect(await wanting()).toEqual([
      ['DISK_FULL', true],
      ['DISK_FULL', true],
    ])
    await expect(room.require('change')).rejects.not.toThrow(path)
    free()
    expect(await wanting()).toEqual([undefined, undefined])
    await until('nothing is being written', () => {
      try {
        makeReadOnly()
        return true
      } catch {
        return false
      }
    })
    expect(await wanting()).toEqual([
      ['DISK_UNWRITABLE', true],
      ['DISK_UNWRITABLE', true],
    ])
  })

  it.runIf(mayMount)(
    'is that of the event log for a change, and that of the artifacts too for a submission',
    async () => {
      const full = smallDisk(1)
      const log = { COUNTERSIGN_DATA: temporaryFolder(), COUNTERSIGN_EVENT_LOG: 'esdb://log:2113' }
      const places = placesOf(settings({ ...log, COUNTERSIGN_ARTIFACTS: full.path }), ['api'], false)
      await openRoom(places).require('change')
      await expect(openRoom(places).require('submission')).rejects.toMatchObject({ code: 'DISK_FULL' })
    },
  )
})

describe('the folders that a process writes to', () => {
  const writtenFolders = (given: Settings, written: readonly Role[]) => foldersOf(placesOf(given, written, false))

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
