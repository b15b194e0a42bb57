import type { ProxyKeyRegistered } from '../application/index.ts'
import type { TrustedBuildSystemId } from '../domain/index.ts'
import { builder } from './builder.ts'
import { type EntityChanged, entityPayload } from './entity-payload.ts'
import { parseEntityId } from './global-id.ts'
import { onceProjected } from './once-projected.ts'
import { TrustedBuildSystemRef } from './refs.ts'
import { TrustedBuildSystemPayloadRef } from './trusted-build-system-mutations.ts'

const RegisteredPayloadRef = entityPayload({
  type: 'TrustedBuildSystem',
  ref: TrustedBuildSystemRef,
  field: 'trustedBuildSystem',
  name: 'RegisteredProxyKeyPayload',
})

// What resolves to this payload below registers a key.
builder.objectFields(RegisteredPayloadRef, (t) => ({
  keyId: t.string({
    description: 'SHA-256 of the key (DER), hexadecimal.',
    resolve: (registered) => (registered as EntityChanged & Pick<ProxyKeyRegistered, 'keyId'>).keyId,
  }),
}))

const RegisterProxyKeyInput = builder.inputType('RegisterProxyKeyInput', {
  fields: (t) => ({
    trustedBuildSystemId: t.id({ required: true, description: 'UUID or node id.' }),
    publicKey: t.string({
      required: true,
      description: 'The Ed25519 public key that `countersign proxy --check` prints: its DER in base64, or PEM.',
    }),
    basedOnRevision: t.int({ description: 'Refused when there is a newer one; left out: whatever there is.' }),
  }),
})

const RemoveProxyKeyInput = builder.inputType('RemoveProxyKeyInput', {
  fields: (t) => ({
    trustedBuildSystemId: t.id({ required: true, description: 'UUID or node id.' }),
    keyId: t.string({ required: true, description: 'SHA-256 of the key (DER), hexadecimal.' }),
    reason: t.string(),
    basedOnRevision: t.int({ description: 'Refused when there is a newer one; left out: whatever there is.' }),
  }),
})

builder.mutationFields((t) => ({
  registerProxyKey: t.field({
    type: RegisteredPayloadRef,
    description:
      "Registers the key of an authentication proxy. From the first one on, calls with the build system's token are taken only by a proxy.",
    args: { input: t.arg({ type: RegisterProxyKeyInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { publicKey, basedOnRevision = null } = input
      const registration = { trustedBuildSystemId: idIn(input), publicKey, basedOnRevision }
      return onceProjected(context, changed(context.application.registerProxyKey(context.caller, registration)))
    },
  }),
  removeProxyKey: t.field({
    type: TrustedBuildSystemPayloadRef,
    description: 'Removes the key of an authentication proxy: what it signs is refused at once.',
    args: { input: t.arg({ type: RemoveProxyKeyInput, required: true }) },
    resolve: (_root, { input }, context) => {
      const { keyId, reason = null, basedOnRevision = null } = input
      const removal = { trustedBuildSystemId: idIn(input), keyId, reason, basedOnRevision }
      return onceProjected(context, changed(context.application.removeProxyKey(context.caller, removal)))
    },
  }),
}))

function idIn({ trustedBuildSystemId }: { readonly trustedBuildSystemId: string }): TrustedBuildSystemId {
  return parseEntityId<TrustedBuildSystemId>(trustedBuildSystemId, 'TrustedBuildSystem')
}

async function changed<Result extends { readonly trustedBuildSystemId: TrustedBuildSystemId }>(
  handled: Promise<Result>,
) {
  const { trustedBuildSystemId: id, ...rest } = await handled
  return { id, ...rest }
}
