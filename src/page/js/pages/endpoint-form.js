// Adds and edits an endpoint: one form, with a live preview beside it.

import { get, patch, post, Problem } from '../api.js';
import { bind, fill, h, icon, slot, tpl } from '../dom.js';
import { loadTypes } from '../event-types.js';
import { eventsPart } from '../form-events.js';
import { clearErrors, showErrors } from '../form-errors.js';
import { deliveryPart } from '../form-delivery.js';
import { preview } from '../form-preview.js';
import { t } from '../i18n.js';
import { go, setTitle, trail } from '../router.js';
import { fromWire, toWire } from '../subscriptions.js';
import { urlCheck } from '../form-url.js';
import { busy, confirm, problemBox, toast } from '../ui.js';

let dirty = false;

const leave = async () => {
  if (!dirty) return true;
  const sure = await confirm({ title: t('form.leave.title'), body: t('form.leave.body'), action: t('form.leave.action'), danger: true });
  if (sure) dirty = false;
  return sure;
};

/** @type {import('../router.js').Page} */
export const endpointNew = { title: () => t('form.add'), mount: (main, params, query, context) => mount(main, null, query, context), leave };
/** @type {import('../router.js').Page} */
export const endpointEdit = { title: () => t('endpoint.edit'), mount: (main, { id }, query, context) => mount(main, id, query, context), leave };

async function mount(main, id, query, { signal }) {
  dirty = false;
  const source = id ?? query.from;
  const [known] = await Promise.all([source ? get(`/v1/endpoints/${encodeURIComponent(source)}`, { signal }) : null, loadTypes({ signal })]);
  const begun = known ?? blank();
  const title = id ? begun.title : query.from ? t('form.copy', { title: begun.title }) : '';
  const model = fromWire(begun.events);
  const heading = id ? t('form.edit', { title: begun.title }) : t('form.add');
  const page = tpl('form-page');
  const part = (/** @type {string} */ name) => slot(page, name);
  setTitle(heading);
  bind(page, {
    heading,
    trail: [trail(id ? [[t('endpoint.crumb'), '#/endpoints'], [begun.title, `#/endpoints/${id}`], [t('endpoint.edit')]] : [[t('endpoint.crumb'), '#/endpoints'], [t('form.add')]])],
    save: t(id ? 'form.save.edit' : 'form.save.add'),
  });
  part('cancel').href = id ? `#/endpoints/${id}` : '#/endpoints';
  if (id) showNote(part('note'), begun.stats.waiting);
  part('title').value = title;
  part('url').value = begun.url;
  main.append(page);

  const ask = preview(part('preview'), signal);
  const changed = () => {
    dirty = true;
    ask(toWire(model));
  };
  await offerAccounts(part('accounts'), signal);
  eventsPart(page, model, changed);
  const delivery = deliveryPart(page, begun, { isNew: !id, open: query.open });
  const address = urlCheck(page, signal);
  page.addEventListener('input', () => (dirty = true));
  page.addEventListener('submit', (event) => {
    event.preventDefault();
    if (part('submit').getAttribute('aria-busy') !== 'true') save();
  });
  addEventListener('beforeunload', (event) => dirty && event.preventDefault(), { signal });
  ask(toWire(model));

  const save = async () => {
    clearErrors(page);
    const values = { title: part('title').value.trim(), url: part('url').value.trim(), events: toWire(model), ...delivery.values() };
    const wrong = [...check(values), ...delivery.check(), ...address.check(values.url)];
    if (wrong.length) return showErrors(page, wrong, model);
    const body = id ? difference(begun, values) : values;
    try {
      const saving = id ? patch(`/v1/endpoints/${id}`, body) : post('/v1/endpoints', body);
      const now = await busy(part('submit'), saving);
      dirty = false;
      toast(t(id ? 'form.saved' : 'form.added', { title: now.title }), 'ok');
      go(`#/endpoints/${now.id}${id ? '' : '?panel=test'}`);
    } catch (error) {
      if (error instanceof Problem && error.errors.length) showErrors(page, error.errors, model);
      else {
        fill(part('summary'), problemBox(error));
        part('summary').hidden = false;
        part('summary').focus();
      }
    }
    return undefined;
  };
}

const blank = () => ({
  title: '', url: '', events: ['call:completed', 'call:missed'], headers: {}, signature: { encoding: 'hex' }, stats: { waiting: 0 },
  policy: { order: 'call', attempts: null, rate_per_s: null, tls: {} },
});

function showNote(node, waiting) {
  fill(node, [icon('info'), h('p', { class: 'notice-text' }, t('form.edit.note'), waiting > 0 && ` ${t('form.edit.waiting', { count: waiting })}`)]);
  node.hidden = false;
}

/** What can be said without the server; it checks everything else. */
function check({ title, url, events }) {
  return [
    !title && { field: 'title', text: t('form.err.title') },
    !/^https?:\/\/[^/\s]+/i.test(url) && { field: 'url', text: t('form.err.url') },
    !events.length && { field: 'events', text: t('form.err.events') },
  ].filter(Boolean);
}

/** A merge patch: what differs, and null for headers that were taken out. */
function difference(before, now) {
  const same = (/** @type {any} */ a, /** @type {any} */ b) => JSON.stringify(a) === JSON.stringify(b);
  const body = {};
  for (const name of ['title', 'url']) if (before[name] !== now[name]) body[name] = now[name];
  if (!same(toWire(fromWire(before.events)), now.events)) body.events = now.events;
  if (before.signature.encoding !== now.signature.encoding) body.signature = now.signature;
  const gone = Object.keys(before.headers).filter((name) => !(name in now.headers));
  if (!same(before.headers, now.headers)) body.headers = { ...now.headers, ...Object.fromEntries(gone.map((name) => [name, null])) };
  const policy = Object.entries(now.policy).filter(([name, value]) => name === 'tls' || !same(value, before.policy[name]));
  const { tls, ...rest } = Object.fromEntries(policy);
  const changedTls = Object.fromEntries(Object.entries(tls ?? {}).filter(([name, value]) => !same(value ?? null, before.policy.tls?.[name] ?? null)));
  if (Object.keys(rest).length || Object.keys(changedTls).length) body.policy = { ...rest, ...(Object.keys(changedTls).length && { tls: changedTls }) };
  return body;
}

/** Accounts of recent events, to choose from; their ids are hard to type. */
async function offerAccounts(into, signal) {
  const { items } = await get('/v1/events', { signal, query: { limit: 100 } }).catch(() => ({ items: [] }));
  const known = new Map(items.map((event) => event.summary?.account).filter((account) => account?.id).map((account) => [account.id, account.name]));
  into.append(...[...known].map(([id, name]) => h('option', { value: id, label: name ?? id })));
}

