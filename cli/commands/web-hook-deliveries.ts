import { Option } from 'commander'
import { allPages } from '../all-pages.ts'
import { usageError } from '../cli-error.ts'
import type { ConnectionOptions } from '../connection/connection.ts'
import { ask } from '../connection/graphql.ts'
import { listWebHookDeliveries, oneWebHookDelivery, resendWebHookDelivery } from '../documents/web-hooks.ts'
import { type CommandModule, connect, withConnection } from '../invocation.ts'
import { parseLimit } from '../limit.ts'
import { deliveriesText, deliveryText } from '../output/web-hook-details.ts'

const statuses = ['waiting', 'underWay', 'delivered', 'abandoned', 'canceled']

type ListOptions = ConnectionOptions & {
  readonly delivery?: string
  readonly status?: string
  readonly limit: string
}

/**
 * `countersign web-hook deliveries`. With `--json`: `{ deliveries: […] }`, or with `--delivery` its fields with `body` and
 * `attempts`.
 */
export const list: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .argument('[web-hook]', 'its id')
      .option('--delivery <id>', 'show this one delivery, with each attempt')
      .addOption(new Option('--status <status>', 'those alone that stand so').choices(statuses))
      .option('--limit <number>', 'how many at the most', '50')
      .action(async (webHookId: string | undefined, options: ListOptions) => {
        const { report } = invocation
        const { delivery: deliveryId, status = null } = options
        if ((webHookId === undefined) === (deliveryId === undefined))
          throw usageError('Name a web hook, or one delivery by --delivery.')
        const connection = await connect(invocation, options, 'ci')
        if (deliveryId !== undefined) {
          const { delivery, attempts } = (await ask(connection, oneWebHookDelivery, { deliveryId })).webHookDelivery
          return report.result({ ...delivery, attempts }, () => deliveryText(delivery, attempts, report.marker))
        }
        const { items } = await allPages(async (page) => {
          const asked = { webHookId: webHookId ?? '', status, ...page }
          return (await ask(connection, listWebHookDeliveries, asked)).webHookDeliveries
        }, parseLimit(options.limit))
        return report.result({ deliveries: items }, () => deliveriesText(items, report.marker))
      })
  },
}

/** `countersign web-hook resend`. With `--json`: `{ deliveryId, position }`. */
export const resend: CommandModule = {
  define(command, invocation) {
    withConnection(command)
      .argument('<delivery>', 'its id')
      .action(async (deliveryId: string, options: ConnectionOptions) => {
        const connection = await connect(invocation, options, null)
        const input = { deliveryId }
        const { resendWebHookDelivery: resent } = await ask(connection, resendWebHookDelivery, { input })
        invocation.report.result(resent, () => `The delivery ${deliveryId} is sent once more.\n`)
      })
  },
}
