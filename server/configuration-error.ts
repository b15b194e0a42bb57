/** A setting that cannot be used. The message names the setting and says what would be right, never a secret's value. */
export class ConfigurationError extends Error {
  /**
   * `CONFIGURATION_INVALID`, `CONFIGURATION_FILE_UNREADABLE`, `SECRET_FILE_UNREADABLE`, `PAYLOAD_KEY_MALFORMED`,
   * `EVENT_KEY_MALFORMED`, `EVENT_KEY_NOT_CERTIFIED`, `INSTALLATION_KEY_MALFORMED`,
   * `EVENT_LOG_NOT_FOUND`, `CREDENTIALS_UNREADABLE`, `DATA_DIRECTORY_UNUSABLE`, `DATA_DIRECTORY_OPEN`, `PORT_IN_USE` or `ADDRESS_UNUSABLE`.
   */
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ConfigurationError'
    this.code = code
  }
}
