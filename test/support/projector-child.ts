// Projects a log into a read model. With a third argument it kills itself as soon as the rows of that many batches are
// written and before their checkpoint is.
import { openSqliteEventLog } from '../../event-log/index.ts'
import { openReadModel, openSqliteReadModel, startProjector } from '../../projections/index.ts'

const [, , logPath = '', readModelPath = '', batches] = process.argv
let written = 0

const log = openSqliteEventLog({ path: logPath })
const database = openSqliteReadModel({
  path: readModelPath,
  onQuery(sql) {
    if (sql.startsWith('insert into "events"')) written += 1
    if (batches !== undefined && written === Number(batches)) process.kill(process.pid, 'SIGKILL')
  },
})
const { progress } = openReadModel(database)
startProjector({ log, database, progress })
