import type { ContentDigest, DisplayedAttribute, SigningDirective } from '../domain/index.ts'
import { builder } from './builder.ts'

/** What a list costs that is read with what it is of. */
export const costInPlan = { field: 1, multiplier: 1 }

const DirectiveAttributeRef = builder.objectRef<DisplayedAttribute>('DirectiveAttribute').implement({
  fields: (t) => ({
    name: t.exposeString('name', { description: 'As in artifact configurations.' }),
    title: t.exposeString('title', { description: 'What people call it.' }),
    value: t.exposeString('value', { nullable: true, description: 'As text. Null when it is not given.' }),
  }),
})

const ContentDigestRef = builder.objectRef<ContentDigest>('ContentDigest').implement({
  description: 'What a signature will name: the digest of a part of the unsigned file, as its format counts it.',
  fields: (t) => ({
    content: t.exposeString('content', { description: 'What was digested, such as `image`.' }),
    algorithm: t.exposeString('algorithm', { description: 'Such as `sha256`.' }),
    digest: t.exposeString('digest', { description: 'Hexadecimal.' }),
  }),
})

/** What a plan has done to a file, with the format whose directive it is. */
export const SigningDirectiveRef = builder
  .objectRef<SigningDirective & { readonly format: string }>('SigningDirective')
  .implement({
    description: 'One thing that is done to a file. Directives of every format have this form.',
    fields: (t) => ({
      directive: t.exposeString('directive', { description: 'Its name in artifact configurations.' }),
      attributes: t.field({
        type: [DirectiveAttributeRef],
        description: 'All of them, defaults too.',
        complexity: costInPlan,
        resolve: (directive, _, { planWording }) => [...planWording.attributes(directive.format, directive)],
      }),
      contentDigests: t.field({
        type: [ContentDigestRef],
        complexity: costInPlan,
        resolve: ({ contentDigests }) => [...contentDigests],
      }),
    }),
  })
