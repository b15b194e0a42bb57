import { builder } from './builder.ts'
import { onceProjected } from './once-projected.ts'
import { basedOnRevisionDescription, UserPayloadRef, userIdOf } from './user-change.ts'

const BuildActorInput = builder.inputType('BuildActorInput', {
  fields: (t) => ({
    userId: t.id({ required: true, description: 'UUID or node id.' }),
    system: t.string({
      required: true,
      description:
        'Whose id it is: the issuer of identity tokens, or the base URL of the API of the build system, as a verified origin says.',
    }),
    actorId: t.string({ required: true, description: 'The id of the actor there.' }),
    basedOnRevision: t.int({ description: basedOnRevisionDescription }),
  }),
})

builder.mutationFields((t) => ({
  linkBuildActor: t.field({
    type: UserPayloadRef,
    description:
      'Says that an actor of a build system is a user: what they build counts from then on as submitted by the user.',
    args: { input: t.arg({ type: BuildActorInput, required: true }) },
    resolve: (_root, { input: { userId, basedOnRevision = null, ...actor } }, context) =>
      onceProjected(
        context,
        context.application.linkBuildActor(context.caller, { ...actor, userId: userIdOf(userId), basedOnRevision }),
      ),
  }),
  unlinkBuildActor: t.field({
    type: UserPayloadRef,
    description: 'Ends that for what is built from then on. Nobody ends a link of their own accounts.',
    args: { input: t.arg({ type: BuildActorInput, required: true }) },
    resolve: (_root, { input: { userId, basedOnRevision = null, ...actor } }, context) =>
      onceProjected(
        context,
        context.application.unlinkBuildActor(context.caller, { ...actor, userId: userIdOf(userId), basedOnRevision }),
      ),
  }),
}))
