import type { Template } from '../template.ts';

const PATHS = ['/index.html', '/api/orders', '/api/items', '/style.css', '/login', '/logo.svg', '/api/missing'] as const;
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;
const STATUSES = [200, 304, 404, 301, 500] as const;
const AGENTS = ['Mozilla/5.0 (X11; Linux x86_64)', 'curl/8.5.0', 'Mozilla/5.0 (Macintosh)'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Lines of a web server's access log in the combined format; the key is the client's address. */
export const logs: Template = {
  create: (_number, dice, timestampMs) => {
    const address = `10.${dice.below(4)}.${dice.below(256)}.${1 + dice.below(254)}`;
    const request = `${dice.skewed(METHODS)} ${dice.skewed(PATHS)} HTTP/1.1`;
    const status = dice.skewed(STATUSES);
    const value = `${address} - - [${logTime(timestampMs)}] "${request}" ${status} ${dice.below(50_000)} "-" "${dice.skewed(AGENTS)}"`;
    return { key: { value: address }, value: { value } };
  },
};

/** `10/Oct/2026:13:55:36 +0000`. */
function logTime(timestampMs: number): string {
  const [year = '', month = '', day = '', time = ''] = new Date(timestampMs).toISOString().split(/[-T.]/);
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time} +0000`;
}
