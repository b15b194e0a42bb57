import { z } from 'zod'
import { estServerNamePattern } from '../domain/index.ts'

/** An EST server. */
const estServer = z
  .strictObject({
    /** `https://<host>`, with the label of one of its authorities or without. */
    url: z.url({ protocol: /^https$/ }).refine((url) => {
      const { username, password, search, hash } = new URL(url)
      return username === '' && password === '' && search === '' && hash === ''
    }, 'must have no user, password, query or fragment'),
    /** A PEM file with the roots that certificates may lead to. */
    trustedRoots: z.string().min(1),
    /** A PEM file with the authorities of its TLS certificate. */
    tlsAuthorities: z.string().min(1).optional(),
    user: z
      .string()
      .min(1)
      .regex(/^[^:]*$/, 'must have no colon')
      .optional(),
    /** A file with the password. */
    passwordFile: z.string().min(1).optional(),
    /** PEM files with the client's certificate and its key. */
    certificate: z.string().min(1).optional(),
    key: z.string().min(1).optional(),
    /** How long it may take to answer, in seconds. */
    timeout: z.int().min(1).max(600).default(60),
  })
  .refine(({ user, passwordFile }) => (user === undefined) === (passwordFile === undefined), {
    error: 'user and passwordFile belong together',
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    error: 'certificate and key belong together',
  })

/** EST servers by name: an object, in the environment as JSON. */
export const estServersSetting = z.preprocess(
  (value) => (typeof value === 'string' ? parsedObject(value) : value),
  z
    .record(
      z
        .string()
        .regex(
          estServerNamePattern,
          'a name must be 1 to 63 lower-case letters, digits or hyphens and begin with a letter or digit',
        ),
      estServer,
      'must be an object of EST servers by name, such as {"corporate":{"url":"https://…","trustedRoots":"…"}}',
    )
    .default({}),
)

function parsedObject(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
