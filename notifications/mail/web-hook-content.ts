import { parseStreamName, streams, type WebHookEvent, type WebHookId, webHookDecider } from '../../domain/index.ts'
import type { RecordedEvent } from '../../event-log/index.ts'
import type { Teller } from './administrator-content.ts'
import { stateOf } from './mail-sources.ts'

/** Of a web hook that was turned off since its receiver is gone, or of a message to it that was given up. */
export const webHookProblem: Teller = async (sources, event) => {
  const webHookId = parseStreamName(event.streamId)?.id as WebHookId
  const hook = await stateOf(sources, streams.webHook(webHookId), webHookDecider)
  if (hook.status === 'none') return undefined
  const { type, data, metadata } = event as RecordedEvent & WebHookEvent
  const isGone = type === 'WebHookDisabled'
  return {
    thread: `web-hook-${webHookId}`,
    content: {
      subject: `Web hook ${hook.name}`,
      headline: isGone
        ? `The web hook ${hook.name} was turned off: its receiver answered that nobody is there any more (410).`
        : `The web hook ${hook.name} could not be told something for three days.`,
      facts: [
        ['Address', hook.url],
        ['When', metadata.occurredAt],
        ...(type === 'WebHookDeliveryAbandoned'
          ? ([
              ['Signing request', data.signingRequestId],
              ['What it was to be told', data.eventType],
              ['Last failure', data.lastFailure],
            ] as const)
          : []),
        ['Web hook id', webHookId],
      ],
      advice: [
        isGone
          ? 'Correct its address and enable it again, or delete it.'
          : 'See to its receiver, and have what it missed sent again. More of the same day is not told by mail.',
      ],
      link: { text: 'Look at it', url: `${sources.publicUrl()}/web-hooks/${webHookId}` },
    },
  }
}
