const LINE_HEIGHT = 20;
const CHARACTER_WIDTH = 8.43;
const PADDING = 20;
const TITLE_HEIGHT = 34;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape that begins a terminal's colour
const ANSI = /\u001b\[[0-9;]*m/g;

/** A picture (SVG) of a terminal with these lines; colours of the lines are dropped. */
export function drawTerminal(title: string, lines: readonly string[]): string {
  const plain = lines.map((line) => line.replace(ANSI, ''));
  const columns = Math.max(title.length, ...plain.map((line) => line.length));
  const width = Math.ceil(columns * CHARACTER_WIDTH + 2 * PADDING);
  const height = TITLE_HEIGHT + PADDING + plain.length * LINE_HEIGHT + PADDING;
  const text = plain.map((line, index) => textLine(line, TITLE_HEIGHT + PADDING + index * LINE_HEIGHT)).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="${width}" height="${height}" rx="8" fill="#14181f"/>
<g fill="#3a414d"><circle cx="18" cy="17" r="5"/><circle cx="36" cy="17" r="5"/><circle cx="54" cy="17" r="5"/></g>
<text x="${width / 2}" y="21" fill="#8b949e" font-family="sans-serif" font-size="12" text-anchor="middle">${escape(title)}</text>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="#d8dee9" xml:space="preserve">
${text}
</g>
</svg>
`;
}

function textLine(line: string, y: number): string {
  const fill = line.startsWith('$') ? ' fill="#7fd1b9"' : '';
  return `<text x="${PADDING}" y="${y}"${fill}>${escape(line)}</text>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
