import type { ThreadMessage } from './thread-messages.ts';

const HIDDEN = '[hidden]';
/** Shorter values are no secrets that could be told from other text. */
const SECRET_LENGTH_MIN = 4;

/** The message with every text that holds a secret changed: what libraries put into their errors must not get out with them. */
export function hideSecrets(message: ThreadMessage, secrets: ReadonlySet<string>): ThreadMessage {
  const meant = [...secrets].filter((secret) => secret.length >= SECRET_LENGTH_MIN);
  if (meant.length === 0) return message;
  switch (message.t) {
    case 'failed':
      return { ...message, cause: hidden(message.cause, meant) };
    case 'note':
      return { ...message, text: hidden(message.text, meant) };
    case 'log': {
      const fields = Object.entries(message.fields).map(
        ([name, value]) => [name, typeof value === 'string' ? hidden(value, meant) : value] as const,
      );
      return { ...message, message: hidden(message.message, meant), fields: Object.fromEntries(fields) };
    }
    case 'validated': {
      const values = message.result.values.map((value) => ({
        ...value,
        value: value.value === null ? null : hidden(value.value, meant),
        errors: value.errors.map((error) => hidden(error, meant)),
      }));
      return { ...message, result: { ...message.result, values } };
    }
    default:
      return message;
  }
}

function hidden(text: string, secrets: readonly string[]): string {
  let result = text;
  for (const secret of secrets) result = result.replaceAll(secret, HIDDEN);
  return result;
}
