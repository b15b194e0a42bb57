import type { AskedRoute } from './asked-rest.ts'
import type { Things } from './things.ts'

const json = { 'content-type': 'application/json' }

/** Routes that read, decide about and follow signing requests, as `asked.ts` has those of everything else. */
export const askedRequests: Readonly<Record<string, AskedRoute>> = {
  ...requestRoute('GET', '', (of) => of.signedRequest()),
  ...requestRoute('GET', '/Status', (of) => of.signedRequest()),
  ...requestRoute('GET', '/Events', (of) => of.signedRequest()),
  ...requestRoute('POST', '/Approve', waitingRequest),
  ...requestRoute('POST', '/Deny', waitingRequest),
  ...requestRoute('POST', '/Cancel', waitingRequest),
  // Of none: what tests of other routes make comes and goes.
  ...organizationRoute('GET', '/SigningRequests', {}, '?status=Failed'),
  ...organizationRoute('GET', '/SigningRequests/Events', { endsWith: 'event: ready' }),
  ...organizationRoute('GET', '/Cryptoki/MySigningPolicies', {}),
  ...organizationRoute('POST', '/SigningRequests/Approvals', {
    body: async (of) => JSON.stringify({ approvals: [await of.request()] }),
    headers: json,
    isRefusedIn: (text) => JSON.parse(text).answers[0].refusal !== null,
  }),
  ...organizationRoute('POST', '/SigningRequests/Resubmit', {
    body: async (of) =>
      JSON.stringify({
        originalSigningRequestId: await of.signedRequest(),
        signingPolicyId: await of.namedPolicy(),
      }),
    headers: json,
  }),
  ...policyRoute(''),
  ...policyRoute('/X509Certificate'),
  ...policyRoute('/GpgPublicKey', 404),
}

async function waitingRequest(of: Things): Promise<string> {
  return (await of.request()).signingRequestId
}

/** A route below the organization's path. */
function organizationRoute(
  method: string,
  path: string,
  asked: Omit<AskedRoute, 'path'>,
  query = '',
): Readonly<Record<string, AskedRoute>> {
  const withOrganization = async (of: Things) => `/Api/v1/${await of.organizationId()}${path}${query}`
  return { [`${method} /Api/v1/:organizationId${path}`]: { path: withOrganization, ...asked } }
}

/** A route of a request. */
function requestRoute(
  method: string,
  rest: string,
  request: (of: Things) => Promise<string>,
): Readonly<Record<string, AskedRoute>> {
  const path = async (of: Things) => `/Api/v1/${await of.organizationId()}/SigningRequests/${await request(of)}${rest}`
  return { [`${method} /Api/v1/:organizationId/SigningRequests/:signingRequestId${rest}`]: { path } }
}

/** A route of what a policy signs with. */
function policyRoute(rest: string, status = 200): Readonly<Record<string, AskedRoute>> {
  const path = async (of: Things) =>
    `/Api/v1/${await of.organizationId()}/SigningPolicies/${await of.namedPolicy()}/Certificate${rest}`
  return { [`GET /Api/v1/:organizationId/SigningPolicies/:policy/Certificate${rest}`]: { path, status } }
}
