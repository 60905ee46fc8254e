// Commands to copy: what the page shows or does, for a terminal. They teach the API and the command line.

import { withQuery } from './api.js';

/** Quoted for a shell of the Bourne family. */
export function quoted(/** @type {string} */ text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * A request to this server's API, with a place for the token.
 * @param {string} method
 * @param {string} path
 * @param {{query?: Record<string, any>, body?: any}} [options]
 */
export function apiCurl(method, path, { query, body } = {}) {
  const parts = ['curl'];
  if (method !== 'GET') parts.push('-X', method);
  parts.push(quoted(location.origin + withQuery(path, query)), '-H', '"Authorization: Bearer $RINGHOOK_TOKEN"');
  if (body !== undefined) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    parts.push('-H', "'Content-Type: application/json'", '-d', quoted(text));
  }
  return parts.join(' ');
}

/** A request as it went to a receiver, body and headers byte for byte. */
export function attemptCurl(/** @type {any} */ attempt) {
  const { method, url, headers, body } = attempt.request;
  const lines = [`curl -i -X ${method} ${quoted(url)}`];
  for (const [name, value] of headers) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  // `--data-raw` reads no file for a body that begins with @.
  lines.push(`--data-raw ${quoted(body)}`);
  return lines.join(' \\\n  ');
}
