import { readFileSync, rmSync } from 'node:fs'
import { type EventLog, openSqliteEventLog as open } from '../../../event-log/index.ts'

export * from '../../../event-log/index.ts'

/** Where a kill is ordered: a file that holds a {@link KillOrder} as JSON. It is gone when the order was carried out. */
export const killOrderVariable = 'TEST_KILL_AT_APPEND'

/** At which append everything ends. */
export type KillOrder = {
  readonly type: string
  readonly moment: 'before' | 'after'
  /** Whether the process ends alone, and not every process of its group with it. */
  readonly alone?: boolean
}

/** The event log in a file, whose appends end the process, or its whole group, where a test ordered it. */
export function openSqliteEventLog(...parameters: Parameters<typeof open>): ReturnType<typeof open> {
  const log: EventLog = open(...parameters)
  return {
    ...log,
    async append(streamId, events, expectedRevision) {
      const types = events.map(({ type }) => type)
      carryOut(types, 'before')
      const appended = await log.append(streamId, events, expectedRevision)
      carryOut(types, 'after')
      return appended
    },
  }
}

function carryOut(types: readonly string[], moment: KillOrder['moment']): void {
  const path = process.env[killOrderVariable]
  const order = path === undefined ? undefined : readOrder(path)
  if (path === undefined || order?.moment !== moment || !types.includes(order.type)) return
  rmSync(path)
  // 0: every process of the group, this one among them.
  process.kill(order.alone === true ? process.pid : 0, 'SIGKILL')
}

function readOrder(path: string): KillOrder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as KillOrder
  } catch {
    return undefined
  }
}
