import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteEventLog } from '../../event-log/index.ts'
import { eventLogContract } from './contract.ts'

eventLogContract('SQLite', { startsEmpty: true }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-event-log-'))
  return {
    open: () => openSqliteEventLog({ path: join(folder, 'events.db') }),
    stop: () => rm(folder, { recursive: true }),
  }
})
