import {
  ApplicationFailure,
  DefaultFailureConverter,
  type FailureConverter,
  type PayloadConverter,
  type ProtoFailure,
  type SerializationContext,
} from '@temporalio/common'
import { type UnopenedCode, unopenedCode } from './unopened.ts'

type Attributes = {
  readonly message: string
  readonly stack_trace: string
  readonly type: string | null
  readonly nonRetryable: boolean
}

/**
 * Moves what a failure says into a payload, so that the payload codec seals it: text, stack trace, and, of failures with
 * a code, the code and whether it lasts. What Temporal shows of these beside the payload is not believed: whoever takes
 * a task from a queue can answer it with any failure. Such a one becomes a passing failure with the code of an
 * {@link UnopenedCode}.
 */
class SealedFailureConverter extends DefaultFailureConverter {
  constructor() {
    super({ encodeCommonAttributes: true })
  }

  override errorToFailure(error: unknown, converter: PayloadConverter, context?: SerializationContext): ProtoFailure {
    const failure = super.errorToFailure(error, converter, context)
    const { applicationFailureInfo: info, encodedAttributes } = failure
    if (info == null || encodedAttributes == null) return failure
    const common = converter.fromPayload<Pick<Attributes, 'message' | 'stack_trace'>>(encodedAttributes, context)
    const attributes: Attributes = { ...common, type: info.type ?? null, nonRetryable: info.nonRetryable === true }
    return { ...failure, encodedAttributes: converter.toPayload(attributes, context) }
  }

  override failureToError(failure: ProtoFailure, converter: PayloadConverter, context?: SerializationContext): Error {
    const { applicationFailureInfo: info, encodedAttributes } = failure
    if (info == null) return super.failureToError(failure, converter, context)
    const sealed = encodedAttributes == null ? undefined : converter.fromPayload(encodedAttributes, context)
    if (!hasAttributes(sealed)) return notBelieved(unopenedCode(sealed) ?? 'PAYLOAD_NOT_SEALED')
    const { type, nonRetryable } = sealed
    return super.failureToError(
      { ...failure, applicationFailureInfo: { ...info, type, nonRetryable } },
      converter,
      context,
    )
  }
}

function hasAttributes(value: unknown): value is Attributes {
  if (typeof value !== 'object' || value === null) return false
  return 'message' in value && 'type' in value && 'nonRetryable' in value
}

function notBelieved(code: UnopenedCode): ApplicationFailure {
  const message = 'A task was answered by something that is none of this service.'
  return ApplicationFailure.create({ type: code, message, nonRetryable: false })
}

/** How errors are passed on, on all sides. */
export const failureConverter: FailureConverter = new SealedFailureConverter()
