// JSON as text: indented for people without reading its values, so that `1.50` and `"\u00e9"` stay what was sent.

/** Nesting up to which a text is indented; a deeper one is shown as it is. */
const DEPTH_MAX = 64;

/**
 * Indents JSON and changes nothing but white space. What is not JSON comes back as it is.
 * @param {string} text
 * @returns {string}
 */
export function indent(text) {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g);
  if (!tokens || !isJson(text)) return text;
  let depth = 0;
  let out = '';
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1];
    if (token === '{' || token === '[') {
      const isEmpty = next === '}' || next === ']';
      depth += 1;
      if (depth > DEPTH_MAX) return text;
      out += isEmpty ? token : `${token}${line(depth)}`;
    } else if (token === '}' || token === ']') {
      const wasEmpty = tokens[index - 1] === '{' || tokens[index - 1] === '[';
      depth -= 1;
      out += wasEmpty ? token : `${line(depth)}${token}`;
    } else if (token === ',') out += `,${line(depth)}`;
    else out += token === ':' ? ': ' : token;
  }
  return out;
}

const line = (/** @type {number} */ depth) => `\n${'  '.repeat(depth)}`;

/** Whether a text is JSON. */
export function isJson(/** @type {string} */ text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * The text of one member of the outermost object, as it was written; null where there is none.
 * @param {string} text a JSON object
 * @param {string} name
 * @returns {string|null}
 */
export function member(text, name) {
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
  let depth = 0;
  let begin = -1;
  let end = -1;
  let found = null;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [word] = match;
    const ends = depth === 1 && (word === ',' || word === '}');
    if (ends && begin >= 0) {
      found = text.slice(begin, end);
      begin = -1;
    }
    if (word === '}' || word === ']') depth -= 1;
    if (word === '{' || word === '[') depth += 1;
    // At the outermost level a string that a colon follows is a name.
    if (begin < 0 && depth === 1 && word === JSON.stringify(name) && /^\s*:/.test(text.slice(token.lastIndex))) {
      const colon = text.indexOf(':', token.lastIndex);
      token.lastIndex = colon + 1;
      begin = colon + 1 + text.slice(colon + 1).search(/\S/);
      continue;
    }
    end = token.lastIndex;
  }
  return found;
}

/** The length of a text on the wire. */
export function byteLength(/** @type {string} */ text) {
  return new TextEncoder().encode(text).length;
}
