import { z } from 'zod'
import {
  databaseAddress,
  list,
  mailAddress,
  mailServerSetting,
  network,
  plainLine,
  wholeNumber,
  yesOrNo,
} from './setting-forms.ts'

/** What the service calls that others chose, where it keeps the secrets for that, and by which server it sends mail. */
export const outsideSettings = {
  mailServer: mailServerSetting,
  mailUser: z.string().min(1).optional(),
  mailPassword: z.string().min(1).optional(),
  mailTlsCa: z.string().min(1).optional(),
  mailRequireTls: yesOrNo.default(true),
  mailFrom: mailAddress.optional(),
  mailFromName: plainLine.default('Countersign'),
  mailDigestHour: wholeNumber(0, 23).default(6),
  secretStore: databaseAddress.optional(),
  secretStorePassword: z.string().min(1).optional(),
  secretStoreTls: yesOrNo.default(false),
  secretStoreTlsCa: z.string().min(1).optional(),
  secretStoreTlsCertificate: z.string().min(1).optional(),
  secretStoreTlsKey: z.string().min(1).optional(),
  secretStoreKey: z.string().min(1).optional(),
  outgoingAllowHttp: yesOrNo.default(false),
  outgoingAllowedNetworks: list.pipe(z.array(network)).default([]),
  outgoingConnectTimeout: wholeNumber(1, 300).default(10),
  outgoingIdleTimeout: wholeNumber(1, 3_600).default(30),
  outgoingTlsCa: z.string().min(1).optional(),
  linkLifetime: wholeNumber(1, 720).default(24),
  linkTimeout: wholeNumber(1, 86_400).default(3_600),
  linkRedirects: wholeNumber(0, 20).default(5),
  announcedUploadLifetime: wholeNumber(1, 720).default(24),
}
