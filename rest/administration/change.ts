import { z } from 'zod'
import {
  type Application,
  type Caller,
  type Handled,
  permissionsOfUseCases,
  withChangeReason,
} from '../../application/index.ts'
import { type Operation, operation, organizationPath } from '../operation.ts'

/** What every change of the organization answers. */
const handledShape = {
  position: z
    .string()
    .meta({ description: 'Where the change is in the log. Pass it as minimumPosition to what must see it.' }),
  changeProposalId: z.uuid().nullable().meta({
    description: 'The change that was proposed instead: it holds when others have approved it. Null: it holds.',
  }),
}

/** A UUID of an entity, branded where it is used. */
export const idSchema = <Id extends string>() => z.uuid().transform((id) => id.toLowerCase() as Id)

/** `basedOnRevision` of a change that names a single fact. */
export const basedOn = {
  basedOnRevision: z
    .int()
    .min(0)
    .nullable()
    .default(null)
    .meta({ description: 'The revision that the change was made from; refused when there is a newer one.' }),
}

/** `basedOnRevision` of a change of the whole. */
export const basedOnRequired = {
  basedOnRevision: z.int().min(0).meta({ description: 'The revision that the change was made from.' }),
}

/** Why something is done. */
export const reasoned = { reason: z.string().nullable().default(null) }

type UseCase = keyof typeof permissionsOfUseCases & keyof Application

/** Changes that hold at once, whatever the organization controls: nothing of them is proposed. */
const neverProposed: ReadonlySet<UseCase> = new Set<UseCase>([
  'approveChange',
  'rejectChange',
  'giveGrant',
  'revokeGrant',
  'importCertificate',
  'requestKeyDeletion',
  'confirmKeyDeletion',
  'withdrawKeyDeletion',
  'disableKey',
  'createWebHook',
  'updateWebHook',
  'rotateWebHookSecret',
  'disableWebHook',
  'enableWebHook',
  'deleteWebHook',
  'resendWebHookDelivery',
])

/** Why, for those who must approve the change where it is proposed. */
const reasonedChange = {
  changeReason: z.string().nullable().default(null).meta({
    description:
      'Why, for those who must approve the change where it is proposed: up to 4,000 characters. It is kept with the proposal alone.',
  }),
}

/**
 * An operation that is one use case of the administration: what it needs, does and refuses is the use case's, and so is its name.
 *
 * @param shape what it answers besides `position` and `changeProposalId`: what the use case says, and parameters as they were given
 */
export function change<
  Shape extends z.ZodRawShape,
  Parameters extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Body extends z.ZodObject = z.ZodObject<Record<never, never>>,
>(definition: {
  readonly useCase: UseCase
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly description?: string
  /** Below the organization. */
  readonly path: string
  readonly tag: string
  readonly summary: string
  readonly parameters?: Parameters
  readonly body?: Body
  readonly shape: Shape
  /** Whether it makes something: 201 then, and 200 else; 202 when it was proposed instead. */
  readonly creates?: true
  readonly run: (
    caller: Caller,
    input: z.output<Parameters> & z.output<Body>,
  ) => Promise<Handled & Omit<z.input<z.ZodObject<Shape>>, keyof z.output<Parameters>>>
}): Operation {
  const { useCase, method, path, tag, summary, parameters, body, shape, creates, run } = definition
  const schema = z.object({ ...handledShape, ...shape })
  const description = creates ? 'It was made.' : 'It was changed.'
  const isProposed = !neverProposed.has(useCase)
  const given: z.ZodObject = body ?? z.object({})
  return operation({
    method,
    path: `${organizationPath}${path}`,
    access: permissionsOfUseCases[useCase],
    operationId: useCase,
    tag,
    summary,
    ...(definition.description === undefined ? {} : { description: definition.description }),
    parameters: parameters ?? z.object({}),
    body: { kind: 'fields', schema: isProposed ? given.extend(reasonedChange) : given },
    answers: {
      [creates ? 201 : 200]: { description, schema },
      ...(isProposed ? { 202: { description: 'It was proposed: others have to approve it.', schema } } : {}),
    },
    async handle(call) {
      const { changeReason = null, ...rest } = call.body as { readonly changeReason?: string | null }
      const input = { ...call.parameters, ...rest } as z.output<Parameters> & z.output<Body>
      const handled = await run(withChangeReason(call.caller, changeReason), input)
      const { position, changeProposalId = null } = handled
      const known: Readonly<Record<string, unknown>> = { ...call.parameters, ...handled }
      const named = Object.fromEntries(Object.keys(shape).map((name) => [name, known[name]]))
      const status = changeProposalId === null || !isProposed ? (creates ? 201 : 200) : 202
      return { status, body: { position, changeProposalId, ...named } } as never
    },
  })
}
