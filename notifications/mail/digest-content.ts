import { type NotificationPreferences, preferencesOf } from '../../domain/index.ts'
import { eventContent } from './event-content.ts'
import type { MailContent } from './mail-content.ts'
import type { MailSources } from './mail-sources.ts'
import type { DigestEvents } from './notice.ts'

/** What the day's mail says; nothing of what is over by now, or of kinds that were turned off since. */
export async function digestContents(
  sources: MailSources,
  { events, further }: DigestEvents,
  preferences: NotificationPreferences | undefined,
): Promise<readonly MailContent[]> {
  const wanted = events.filter(({ kind }) => preferencesOf(preferences)[kind] !== 'never')
  const contents: MailContent[] = []
  for (const notice of wanted) {
    const told = await eventContent(sources, notice)
    // Of one thing the last state is said once, however often it changed.
    const isSaid = contents.some(
      ({ headline, link }) => headline === told?.content.headline && link?.url === told.content.link?.url,
    )
    if (told !== undefined && !isSaid) contents.push(told.content)
  }
  if (further > 0 && contents.length > 0)
    contents.push({
      subject: '',
      headline: `There were ${further} more events, which are not listed here.`,
      facts: [],
      link: { text: 'Look at the service', url: sources.publicUrl() },
    })
  return contents
}
