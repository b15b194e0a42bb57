/**
 * Frames of a stack trace in the workflow sandbox. Temporal's SDK takes a trace for each promise that a workflow makes and looks
 * every frame up in the source map: with the usual ten that is half of the processor time of a request's workflow. These
 * show where an error was thrown, and its callers.
 */
const frames = 4

// The sandbox freezes its globals when the modules that are loaded beforehand have run.
if (!Object.isFrozen(Error)) Error.stackTraceLimit = frames
