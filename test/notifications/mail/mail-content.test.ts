import { describe, expect, it } from 'vitest'
import { type MailContent, renderMail } from '../../../notifications/mail/mail-content.ts'

const content: MailContent = {
  subject: 'setup.exe for shop/release',
  headline: 'Ada asks for your approval.',
  facts: [
    ['File', 'setup.exe'],
    ['Version', null],
  ],
  files: [{ path: 'setup.exe › lib.dll', sha256: 'ab'.repeat(32) }],
  furtherFiles: 3,
  advice: ['Approve only what you know.'],
  link: { text: 'Look at it', url: 'https://sign.corp.test/signing-requests/1?a=1&b=2' },
}
const footer = { reason: 'You get this mail because …', unsubscribe: 'https://sign.corp.test/u/1' }
const rendered = (changes: Partial<MailContent>) => {
  const changed = { ...content, ...changes }
  return renderMail(changed.subject, [changed], footer)
}

describe('a mail', () => {
  it('says the same in text and in HTML', () => {
    const { text, html } = rendered({})
    for (const said of [
      'Ada asks for your approval.',
      'setup.exe › lib.dll',
      'ab'.repeat(32),
      '… and 3 more',
      'Approve only',
    ])
      for (const form of [text, html]) expect(form).toContain(said)
    expect(text).toContain('File: setup.exe\n')
    expect(text).not.toContain('Version')
    expect(text).toContain('Look at it: https://sign.corp.test/signing-requests/1?a=1&b=2')
    expect(html).toContain('href="https://sign.corp.test/signing-requests/1?a=1&amp;b=2"')
    expect(text).toContain('https://sign.corp.test/u/1')
  })

  it('holds no markup that somebody wrote into a name', () => {
    const evil = `<img src=x onerror="alert('1')">&amp;`
    const { html } = rendered({ headline: evil, facts: [['File', evil]], files: [{ path: evil, sha256: evil }] })
    expect(html).not.toContain('<img')
    expect(html).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;')
  })

  it.each([
    ['a line break', 'a\r\nBcc: eve@evil.test', 'a Bcc: eve@evil.test'],
    ['a separator of lines', 'a\u2028b\u2029c\u0085d', 'a b c\ufffdd'],
    ['a control of direction', 'gpj.\u202eexe', 'gpj.\ufffdexe'],
    ['what nobody sees', 'pay\u200bpal\u00ad', 'pay\ufffdpal\ufffd'],
    ['half a character', 'a\ud800b', 'a\ufffdb'],
    ['an escape', '\u001b[2Ja', '\ufffd[2Ja'],
  ])('shows %s in a text of somebody else as what it is', (_what, evil, shown) => {
    const { subject, text, html } = rendered({ subject: evil, facts: [['File', evil]] })
    expect(subject).toBe(shown)
    expect(text).toContain(`File: ${shown}\n`)
    expect(html).toContain(`<bdi>${shown}</bdi>`)
  })

  it('is short, whatever somebody wrote', () => {
    const { subject, text, html } = rendered({
      subject: 'é'.repeat(100_000),
      facts: [['File', '\u202e'.repeat(1_000_000)]],
    })
    expect([...subject]).toHaveLength(180)
    expect(text.length + html.length).toBeLessThan(4_000)
  })
})
