import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import type { MailAnswer, MailTransport } from './mail-transport.ts'
import { type MailSender, messageOf } from './message.ts'

/**
 * Puts mails into a folder, each a file that mail programs open (`.eml`, RFC 5322), for its owner alone. The name begins with
 * the mail's time and ends with its id: written twice, it is there once.
 */
export function emlFolder(folder: string, sender: MailSender): MailTransport {
  const composer = createTransport({
    streamTransport: true,
    buffer: true,
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    async send(mail): Promise<MailAnswer> {
      const { message } = await composer.sendMail(messageOf(mail, sender))
      const name = `${mail.date.toISOString().slice(0, 19).replaceAll(':', '-')}-${mail.id}.eml`
      const unfinished = join(folder, `.${mail.id}.part`)
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeFile(unfinished, message as Buffer, { mode: 0o600, flush: true })
        await rename(unfinished, join(folder, name))
        return { outcome: 'accepted' }
      } catch {
        await rm(unfinished, { force: true }).catch(() => undefined)
        return { outcome: 'waits', code: 'MAIL_FOLDER_UNWRITABLE', reply: null }
      }
    },
    close: () => composer.close(),
  }
}
