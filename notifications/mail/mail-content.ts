import { shownLine } from '../../domain/index.ts'

/** So many characters a text of somebody else has in a mail at the most: names, comments, messages. */
const longestValue = 400
/** So many characters of a subject. */
const longestSubject = 180

/** What a mail says, whatever it looks like. Texts of others in it are put in as they are: rendering makes them harmless. */
export type MailContent = {
  /** The same for all mails about one thing, so that readers of mail put them together. */
  readonly subject: string
  /** What happened, in a sentence. */
  readonly headline: string
  /** What is known of it, in this order; `null` where there is nothing to say. */
  readonly facts: readonly (readonly [label: string, value: string | null])[]
  /** Files, each with its SHA-256. */
  readonly files?: readonly { readonly path: string; readonly sha256: string }[]
  /** Files beyond those. */
  readonly furtherFiles?: number
  /** What to do about it, in sentences of this service. */
  readonly advice?: readonly string[]
  /** A text that is to be copied as it is: made of characters that need no care. */
  readonly copied?: string
  /** Where to see it. */
  readonly link?: { readonly text: string; readonly url: string }
}

/** A mail as it is shown. */
export type RenderedMail = { readonly subject: string; readonly text: string; readonly html: string }

/** The end of a mail: why somebody gets it, and where they say that they do not want it. */
export type MailFooter = { readonly reason: string; readonly unsubscribe?: string }

/** Renders a mail about one or, in a digest, about several things. */
export function renderMail(subject: string, contents: readonly MailContent[], footer: MailFooter): RenderedMail {
  const text = [...contents.map(textOf), `-- \n${footerLines(footer).join('\n')}`].join('\n\n')
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(line(subject, longestSubject))}</title></head>
<body style="font-family:sans-serif;max-width:42em">
${contents.map(htmlOf).join('\n<hr>\n')}
<hr>
<p style="color:#555;font-size:smaller">${footerHtml(footer)}</p>
</body></html>
`
  return { subject: line(subject, longestSubject), text: `${text}\n`, html }
}

function textOf({ headline, facts, files = [], furtherFiles = 0, advice = [], copied, link }: MailContent): string {
  const known = knownFacts(facts).map(([label, value]) => `${label}: ${value}`)
  const listed = files.map(({ path, sha256 }) => `  ${line(path)}\n    sha256 ${line(sha256)}`)
  const more = furtherFiles > 0 ? [`  … and ${furtherFiles} more`] : []
  const parts = [
    line(headline),
    known.join('\n'),
    listed.length === 0 ? '' : ['Files:', ...listed, ...more].join('\n'),
    advice.join('\n'),
    copied === undefined ? '' : `  ${copied}`,
    link === undefined ? '' : `${link.text}: ${link.url}`,
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function htmlOf({ headline, facts, files = [], furtherFiles = 0, advice = [], copied, link }: MailContent): string {
  const rows = knownFacts(facts).map(
    ([label, value]) => `<tr><th align="left" valign="top">${escaped(label)}</th><td>${isolated(value)}</td></tr>`,
  )
  const items = files.map(
    ({ path, sha256 }) => `<li>${isolated(line(path))}<br><code>${escaped(line(sha256))}</code></li>`,
  )
  const more = furtherFiles > 0 ? [`<li>… and ${furtherFiles} more</li>`] : []
  const parts = [
    `<p><strong>${isolated(line(headline))}</strong></p>`,
    rows.length === 0 ? '' : `<table cellpadding="4">${rows.join('')}</table>`,
    items.length === 0 ? '' : `<p>Files:</p><ul>${[...items, ...more].join('')}</ul>`,
    ...advice.map((sentence) => `<p>${escaped(sentence)}</p>`),
    copied === undefined ? '' : `<pre>${escaped(copied)}</pre>`,
    link === undefined ? '' : `<p><a href="${escaped(link.url)}">${escaped(link.text)}</a></p>`,
  ]
  return parts.filter((part) => part !== '').join('\n')
}

function knownFacts(facts: MailContent['facts']): readonly (readonly [string, string])[] {
  return facts.flatMap(([label, value]) => (value === null || value === '' ? [] : [[label, line(value)] as const]))
}

function footerLines({ reason, unsubscribe }: MailFooter): readonly string[] {
  return [reason, ...(unsubscribe === undefined ? [] : [`To get no more mails of this kind: ${unsubscribe}`])]
}

function footerHtml({ reason, unsubscribe }: MailFooter): string {
  const link = unsubscribe === undefined ? '' : ` <a href="${escaped(unsubscribe)}">Get no more mails of this kind</a>`
  return `${escaped(reason)}${link}`
}

/** A text of somebody else, as one line without what changes how the rest of the mail is read. */
function line(text: string, longest = longestValue): string {
  return shownLine(text, longest)
}

/** A text of somebody else in HTML, whose letters of right-to-left scripts do not reorder what stands around it. */
function isolated(text: string): string {
  return `<bdi>${escaped(text)}</bdi>`
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
