// Projects a log into a read model, as a process of its own. The argument is a {@link ProjectorChild} as JSON.
import { openSqliteEventLog } from '../../event-log/index.ts'
import { openPostgresReadModel, openReadModel, openSqliteReadModel, startProjector } from '../../projections/index.ts'

/** What the process does. */
export type ProjectorChild = {
  /** Path of the SQLite log. */
  readonly log: string
  /** `postgres://…`, or the path of an SQLite file. */
  readonly readModel: string
  /** Kills itself as soon as the rows of so many batches are written and before their checkpoint is. */
  readonly killAfterBatches?: number
  /** Kills itself when so many statements of a kind were executed, within the transaction of the last one. */
  readonly killAfter?: { readonly statement: string; readonly time: number }
  /** Sends itself a signal as it begins to read the log for the n-th time: a build's second pass is its second time. */
  readonly atRead?: { readonly time: number; readonly signal: NodeJS.Signals }
}

const {
  log: path,
  readModel,
  killAfterBatches,
  killAfter,
  atRead,
} = JSON.parse(process.argv[2] ?? '') as ProjectorChild
let written = 0
let executed = 0
let reads = 0

const onQuery = (sql: string) => {
  if (/^insert into "\w*events"/.test(sql)) written += 1
  if (killAfter !== undefined && new RegExp(killAfter.statement).test(sql)) executed += 1
  if (written === killAfterBatches || (executed > 0 && executed === killAfter?.time))
    process.kill(process.pid, 'SIGKILL')
}
const log = openSqliteEventLog({ path })
const database = readModel.startsWith('postgres://')
  ? openPostgresReadModel({ connectionString: readModel, onQuery })
  : openSqliteReadModel({ path: readModel, onQuery })
const { progress } = openReadModel(database)
startProjector({
  log: {
    ...log,
    readAll(options) {
      reads += 1
      if (reads === atRead?.time) process.kill(process.pid, atRead.signal)
      return log.readAll(options)
    },
  },
  database,
  progress,
})
