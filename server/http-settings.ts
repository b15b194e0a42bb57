import { z } from 'zod'
// Not by the door, which loads the HTTP server: commands and threads that serve nobody read settings too.
import { isAddressRange } from '../http/client.ts'
import { httpUrl, isOrigin, list, port, wholeNumber } from './setting-forms.ts'

/** What clients may do, and how they reach a process. */
export const httpSettings = {
  host: z.string().min(1).default('127.0.0.1'),
  port: port.default(8080),
  publicUrl: httpUrl.optional(),
  allowedOrigins: list
    .pipe(z.array(z.string().refine(isOrigin, 'must be origins: http://<host>, https://<host>:<port>')))
    .default([]),
  trustedProxies: list
    .pipe(z.array(z.string().refine(isAddressRange, 'must be addresses or ranges such as 10.0.0.0/8')))
    .default([]),
  operatorToken: z.string().min(16, 'must have 16 characters at least').optional(),
  healthDetails: z.enum(['operator', 'everyone']).default('operator'),
  maximumConnections: wholeNumber(1, 1_000_000).default(4_000),
  maximumConnectionsPerAddress: wholeNumber(1, 1_000_000).default(1_000),
  requestsPerMinutePerToken: wholeNumber(1, 1_000_000_000).default(18_000),
  requestsPerMinutePerAddress: wholeNumber(1, 1_000_000_000).default(60_000),
  uploadsAtOnce: wholeNumber(1, 1_000_000).default(256),
  uploadsAtOncePerAddress: wholeNumber(1, 1_000_000).default(64),
  waitingCallsPerUser: wholeNumber(1, 1_000_000).default(1_000),
  tlsCertificate: z.string().min(1).optional(),
  tlsKey: z.string().min(1).optional(),
}
