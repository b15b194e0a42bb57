import type { Change, HistoryEntry } from '../documents/audit.ts'
import { actorName, eventText } from './event-text.ts'
import { readableTime } from './quantities.ts'
import { safeText } from './safe-text.ts'
import type { Mark } from './style.ts'
import type { Marker } from './table.ts'

/** Everything that happened to something: a line for each event, and one for each part that it changed. */
export function historyText(entries: readonly HistoryEntry[], marker: Marker): string {
  return entries.map((entry) => entryText(entry, marker)).join('\n')
}

function entryText({ event, changes }: HistoryEntry, marker: Marker): string {
  const from = event.remoteAddress === null ? '' : ` from ${safeText(event.remoteAddress)}`
  const who = `${safeText(actorName(event))}${from}`
  const heading = `${marker('faint', readableTime(event.occurredAt))}  ${marker('strong', safeText(eventText(event)))}  by ${who}\n`
  return heading + changes.map((change) => `${changeText(change, marker)}\n`).join('')
}

const signs: Readonly<Record<Change['kind'], readonly [sign: string, mark: Mark]>> = {
  added: ['+', 'good'],
  removed: ['-', 'bad'],
  changed: ['~', 'waiting'],
}

function changeText({ path, kind, before, after }: Change, marker: Marker): string {
  const [sign, mark] = signs[kind]
  const value =
    kind === 'added'
      ? valueText(after)
      : kind === 'removed'
        ? valueText(before)
        : `${valueText(before)} → ${valueText(after)}`
  return `  ${marker(mark, sign)} ${safeText(path)}: ${value}`
}

function valueText(value: unknown): string {
  return safeText(JSON.stringify(value))
}
