import type { AskedRoute } from './asked-rest.ts'
import { announcedBytes, type Things } from './things.ts'

/** The download of something of a request. */
export function artifactRoute(
  name: string,
  request: (of: Things) => Promise<string> = (of) => of.signedRequest(),
): Readonly<Record<string, AskedRoute>> {
  const url = `/Api/v1/:organizationId/SigningRequests/:signingRequestId/${name}`
  const path = async (of: Things) => `/Api/v1/${await of.organizationId()}/SigningRequests/${await request(of)}/${name}`
  return { [`GET ${url}`]: { path }, [`HEAD ${url}`]: { path } }
}

/** A form as simple clients write it. */
export function submissionRoute(name: string): Readonly<Record<string, AskedRoute>> {
  const boundary = 'between-parts'
  const part = (disposition: string, text: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${text}\r\n`
  return {
    [`POST /Api/v1/:organizationId/SigningRequests${name}`]: {
      path: async (of) => `/Api/v1/${await of.organizationId()}/SigningRequests${name}`,
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: async (of) =>
        [
          part('name="artifact"; filename="setup.exe"', 'a program'),
          part('name="signingPolicyId"', await of.namedPolicy()),
          `--${boundary}--`,
        ].join(''),
    },
  }
}

/** A submission without a file. */
export function submissionOf(name: string, fields: object): Readonly<Record<string, AskedRoute>> {
  return {
    [`POST /Api/v1/:organizationId/SigningRequests${name}`]: {
      path: async (of) => `/Api/v1/${await of.organizationId()}/SigningRequests${name}`,
      headers: { 'content-type': 'application/json' },
      body: async (of) => JSON.stringify({ signingPolicyId: await of.namedPolicy(), ...fields }),
    },
  }
}

/** The upload that a request announced. */
export function announcedUploadRoute(name: string): Readonly<Record<string, AskedRoute>> {
  return {
    [`POST /Api/v1/:organizationId/SigningRequests/:signingRequestId/${name}`]: {
      path: async (of) => `/Api/v1/${await of.organizationId()}/SigningRequests/${await of.announcedRequest()}/${name}`,
      headers: { 'content-type': 'application/octet-stream' },
      body: announcedBytes,
    },
  }
}
