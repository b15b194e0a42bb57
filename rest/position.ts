/** How positions of the log are written, in every API. */
export const positionForm = /^([0-9]{16}|[0-9a-f]{32})$/
