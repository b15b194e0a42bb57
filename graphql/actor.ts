import {
  type Actor,
  type Authentication,
  actingUser,
  type BuildNode,
  isKnownActorKind,
  type Voucher,
  type VoucherMethod,
  type WebSession,
} from '../domain/index.ts'
import { builder } from './builder.ts'
import { ActorKindRef, AuthenticationMethodRef, SignInMethodRef, VoucherMethodRef } from './enums.ts'
import { TrustedBuildSystemRef, UserRef } from './refs.ts'

const AuthenticationRef = builder.objectRef<Authentication>('Authentication').implement({
  description: 'How a user proved who they are for one call.',
  fields: (t) => ({
    method: t.field({ type: AuthenticationMethodRef, resolve: methodOf }),
    apiTokenId: t.id({
      nullable: true,
      description: 'UUID of the API token, where it was one.',
      resolve: (authentication) => (authentication.method === 'apiToken' ? authentication.tokenId : null),
    }),
    sessionId: t.id({
      nullable: true,
      description: 'UUID of the session of the web application, where there was one.',
      resolve: (authentication) => sessionOf(authentication)?.sessionId ?? null,
    }),
    signInMethod: t.field({
      type: SignInMethodRef,
      nullable: true,
      description: 'How the user signed in to the session.',
      resolve: (authentication) => sessionOf(authentication)?.signIn.method ?? null,
    }),
    authenticatedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the user last proved who they are in the session.',
      resolve: (authentication) => sessionOf(authentication)?.authenticatedAt ?? null,
    }),
    issuer: t.string({
      nullable: true,
      description: 'Who vouched for the user: the provider of the sign-in, or the issuer of the identity token.',
      resolve: issuerOf,
    }),
    credentialId: t.string({
      nullable: true,
      description: 'Id of the passkey that made an assertion about the call, base64url.',
      resolve: (authentication) => (authentication.method === 'passkeyAssertion' ? authentication.credentialId : null),
    }),
  }),
})

/** A build node behind a proxy. */
export const BuildNodeRef = builder.objectRef<BuildNode>('BuildNode').implement({
  description: 'A build node that a proxy knew by its client certificate.',
  fields: (t) => ({
    subject: t.exposeString('subject', { description: 'Distinguished name.' }),
    issuer: t.exposeString('issuer', { description: 'Distinguished name.' }),
    serialNumber: t.exposeString('serialNumber', { description: 'Hexadecimal.' }),
    template: t.exposeString('template', {
      nullable: true,
      description: 'Id of the certificate template, or its name; null where the certificate says neither.',
    }),
    rule: t.exposeString('rule', { description: "Name of the proxy's rule set that the certificate met." }),
  }),
})

/** The trusted build system that vouched for a call. */
export const VoucherRef = builder.objectRef<Voucher>('Voucher').implement({
  description: 'The trusted build system that vouched for a call.',
  fields: (t) => ({
    trustedBuildSystemId: t.exposeID('trustedBuildSystemId', { description: 'UUID.' }),
    trustedBuildSystem: t.field({
      type: TrustedBuildSystemRef,
      nullable: true,
      resolve: ({ trustedBuildSystemId }) => trustedBuildSystemId,
    }),
    method: t.field({
      type: VoucherMethodRef,
      description: 'How it proved who it is.',
      resolve: ({ proof }) => (Object.hasOwn(voucherMethods, proof.method) ? proof.method : 'unknown'),
    }),
    node: t.field({
      type: BuildNodeRef,
      nullable: true,
      description: 'The build node behind its proxy, where there was one.',
      resolve: ({ node }) => node,
    }),
    nodeStatement: t.exposeString('nodeStatement', {
      nullable: true,
      description:
        'What the proxy said of the node and signed (a JWS with EdDSA), where there was one: whoever has the public key of the proxy can verify it. It was for the one call.',
    }),
  }),
})

/** Who caused something. */
export const ActorRef = builder.objectRef<Actor>('Actor').implement({
  description: 'Who caused something.',
  fields: (t) => ({
    kind: t.field({ type: ActorKindRef, resolve: ({ kind }) => (isKnownActorKind(kind) ? kind : 'unknown') }),
    user: t.field({
      type: UserRef,
      nullable: true,
      description: 'The user, where it was one.',
      resolve: actingUser,
    }),
    userId: t.id({ nullable: true, description: 'UUID of the user, where it was one.', resolve: actingUser }),
    authentication: t.field({
      type: AuthenticationRef,
      nullable: true,
      description: 'How the user proved who they are.',
      resolve: (actor) => (actor.kind === 'user' ? actor.authentication : null),
    }),
    vouchedBy: t.field({
      type: VoucherRef,
      nullable: true,
      description: 'The trusted build system that vouched for the call, where one did.',
      resolve: (actor) => (actor.kind === 'user' ? (actor.vouchedBy ?? null) : null),
    }),
    component: t.string({
      nullable: true,
      description: 'The part of the service, where it was one: `workflow`, `signer`, `setup` …',
      resolve: (actor) => (actor.kind === 'system' ? actor.component : null),
    }),
  }),
})

const voucherMethods: Readonly<Record<VoucherMethod, true>> = { token: true, identityToken: true, link: true }

const methods: Readonly<Record<Authentication['method'], true>> = {
  apiToken: true,
  session: true,
  passkeyAssertion: true,
  identityToken: true,
}

function methodOf({ method }: Authentication): Authentication['method'] | 'unknown' {
  return Object.hasOwn(methods, method) ? method : 'unknown'
}

function sessionOf(authentication: Authentication): WebSession | null {
  if (authentication.method === 'session') return authentication
  return authentication.method === 'passkeyAssertion' ? authentication.session : null
}

function issuerOf(authentication: Authentication): string | null {
  if (authentication.method === 'identityToken') return authentication.issuer
  const signIn = sessionOf(authentication)?.signIn
  return signIn?.method === 'openIdConnect' ? signIn.issuer : null
}
