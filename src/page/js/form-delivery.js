// The part of the form for how it is delivered: encoding, headers, timeout, attempts, rate, order, TLS.

import { slot, tpl } from './dom.js';
import { t } from './i18n.js';

/** Fields that take a number, with how the wire's value becomes that of the field. */
const NUMBERS = { timeout_ms: 1000, in_flight_max: 1, attempts: 1, rate_per_s: 1 };
const TLS = ['ca_pem', 'pin_sha256'];

/**
 * @param {HTMLElement} page
 * @param {any} begun the endpoint as it was
 * @param {{isNew: boolean, open?: string}} options `open`: what the address asks to be open
 */
export function deliveryPart(page, begun, { isNew, open }) {
  const part = (/** @type {string} */ name) => slot(page, name);
  const { policy } = begun;
  const tls = policy.tls ?? {};
  part('key-field').hidden = !isNew;
  part('encoding').value = begun.signature.encoding;
  part('order').value = policy.order ?? 'call';
  for (const [name, unit] of Object.entries(NUMBERS)) part(name).value = policy[name] == null ? '' : policy[name] / unit;
  for (const name of TLS) part(name).value = [tls[name] ?? ''].flat().join('\n');
  part('insecure').checked = tls.insecure ?? false;
  part('client-set').hidden = part('client-remove-field').hidden = !tls.client_pem;
  for (const [name, value] of Object.entries(begun.headers)) addHeader(part('headers'), name, value);
  part('add-header').addEventListener('click', () => addHeader(part('headers'), '', '').querySelector('input').focus());
  part('delivery').open = open === 'delivery' || open === 'tls' || Object.keys(begun.headers).length > 0;
  part('tls').open = open === 'tls' || Boolean(tls.ca_pem || tls.client_pem || tls.insecure || [tls.pin_sha256 ?? []].flat().length);
  if (open === 'tls') setTimeout(() => part('ca_pem').focus());

  const text = (/** @type {string} */ name) => part(name).value.trim() || null;
  const tlsValues = () => {
    const values = { ca_pem: text('ca_pem'), pin_sha256: text('pin_sha256'), insecure: part('insecure').checked };
    const client = text('client_pem');
    if (client || part('client-remove').checked) return { ...values, client_pem: client };
    return isNew ? values : { ...values, client_pem: tls.client_pem ?? null };
  };
  return {
    values() {
      const numbers = Object.entries(NUMBERS).map(([name, unit]) => [name, text(name) === null ? null : Math.round(Number(text(name)) * unit * 1000) / 1000]);
      const values = {
        headers: Object.fromEntries(headerRows(part('headers'))),
        signature: { encoding: part('encoding').value },
        policy: { ...Object.fromEntries(numbers), order: part('order').value, tls: tlsValues() },
      };
      return isNew && text('key') ? { ...values, key: text('key') } : values;
    },
    check: () => [
      ...Object.keys(NUMBERS).filter((name) => part(name).validity.badInput).map((name) => ({ field: `policy.${name}`, text: t('form.err.number') })),
      ...repeated(headerRows(part('headers'))),
    ],
  };
}

/** Names that are there twice would be one in the object that is sent. */
function repeated(rows) {
  const names = rows.map(([name]) => name.toLowerCase());
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  return twice ? [{ field: 'headers', text: `${twice}: ${t('form.err.duplicate')}` }] : [];
}

function addHeader(into, name, value) {
  const row = tpl('form-header');
  const [nameInput, valueInput] = row.querySelectorAll('input');
  nameInput.value = name;
  valueInput.value = value;
  row.querySelector('button').addEventListener('click', () => {
    row.remove();
    into.dispatchEvent(new Event('input', { bubbles: true }));
    into.parentElement.querySelector('[data-slot=add-header]').focus();
  });
  into.append(row);
  return row;
}

const headerRows = (into) => [...into.children].map((row) => [...row.querySelectorAll('input')].map((input) => input.value.trim())).filter(([name]) => name);

