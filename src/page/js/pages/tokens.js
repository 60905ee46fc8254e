// Tokens: who may post events, look, or change things over the API.

import { del, get, post } from '../api.js';
import { h, icon, list } from '../dom.js';
import { when } from '../fmt.js';
import { t } from '../i18n.js';
import { badge, busy, codeBox, confirm, emptyState, newId, openDialog, problemBox, skeleton, toast, toastError, problemText } from '../ui.js';

const ROLES = ['ingest', 'read', 'admin'];
const ROLE_COLOURS = { ingest: 'accent', read: 'muted', admin: 'warn' };

/** @type {import('../router.js').Page} */
export const tokens = {
  title: () => t('nav.tokens'),
  async mount(main, params, query, { signal }) {
    const body = h('div', {}, skeleton(4));
    const reload = () => load(body, signal, reload);
    main.append(
      h('div', { class: 'page-head' },
        h('h1', {}, t('nav.tokens')),
        h('div', { class: 'page-act' }, newButton(reload))),
      h('p', { class: 'lead below' }, t('tokens.lead')),
      body);
    await reload();
  },
};

const newButton = (reload) => h('button', { class: 'btn primary', type: 'button', 'data-key': 'n', 'data-changes': true, onclick: () => create(reload) },
  icon('plus'), t('tokens.new'));

async function load(body, signal, reload) {
  try {
    const { items } = await get('/v1/tokens', { signal });
    body.replaceChildren(items.length ? table(items, reload) : emptyState({
      title: t('tokens.empty'), text: t('tokens.emptyText'), actions: [newButton(reload)],
    }));
  } catch (error) {
    if (!signal.aborted) body.replaceChildren(problemBox(error, reload));
  }
}

function table(items, reload) {
  const head = ['tokens.name', 'tokens.role', 'tokens.created', 'tokens.used'].map((key) => h('th', { scope: 'col' }, t(key)));
  const rows = h('tbody');
  list(rows, items, (token) => token.id, (token) => row(token, reload));
  return h('div', { class: 'table-box' }, h('table', { class: 'data' },
    h('thead', {}, h('tr', {}, head, h('th', {}, h('span', { class: 'hidden-text' }, t('ui.more'))))), rows));
}

function row(token, reload) {
  return h('tr', {},
    h('td', { class: 'head break strong' }, token.name),
    h('td', { 'data-label': t('tokens.role') }, badge(t(`role.${token.role}`), ROLE_COLOURS[token.role])),
    h('td', { 'data-label': t('tokens.created') }, when(token.created_at)),
    h('td', { 'data-label': t('tokens.used') }, token.last_used_at ? when(token.last_used_at) : h('span', { class: 'muted' }, t('tokens.never'))),
    h('td', { class: 'act' }, h('button', {
      class: 'btn small quiet danger-quiet', type: 'button', 'data-changes': true, 'aria-label': t('tokens.revokeNamed', { name: token.name }),
      onclick: () => revoke(token, reload),
    }, t('tokens.revoke'))));
}

async function revoke(token, reload) {
  const sure = await confirm({ title: t('tokens.revokeTitle', { name: token.name }), body: t('tokens.revokeText'), action: t('tokens.revoke'), danger: true });
  if (!sure) return;
  try {
    await del(`/v1/tokens/${token.id}`);
    toast(t('tokens.revoked', { name: token.name }));
    await reload();
  } catch (error) {
    toastError(error);
  }
}

/** Asks for a name and a role, then shows the token, which nobody can show again. */
async function create(reload) {
  const name = h('input', { id: newId('name'), required: true, maxlength: 100, autocomplete: 'off', placeholder: 'pbx' });
  const refusal = h('p', { class: 'error', role: 'alert' });
  const button = h('button', { class: 'btn primary' }, t('tokens.create'));
  const roles = h('fieldset', { class: 'stack tight' }, h('legend', { class: 'label' }, t('tokens.role')), ROLES.map(roleChoice));
  const form = h('form', { method: 'dialog' },
    h('h2', {}, t('tokens.new')),
    h('div', { class: 'dialog-body' },
      h('div', { class: 'field' }, h('label', { for: name.id }, t('tokens.name')), name, h('p', { class: 'hint' }, t('tokens.nameHint'))),
      roles, refusal),
    h('div', { class: 'dialog-foot' },
      h('button', { class: 'btn', type: 'button', onclick: () => dialog.close() }, t('ui.cancel')), button));
  const dialog = h('dialog', { class: 'dialog' }, form);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    refusal.textContent = '';
    try {
      const made = await busy(button, post('/v1/tokens', { name: name.value.trim(), role: form.elements.role.value }));
      dialog.replaceChildren(...shownOnce(made, () => dialog.close()));
      reload();
    } catch (error) {
      refusal.textContent = problemText(error);
    }
  });
  await openDialog(dialog);
}

function roleChoice(role) {
  return h('label', { class: 'check' },
    h('input', { type: 'radio', name: 'role', value: role, checked: role === 'ingest' }),
    h('span', {}, h('span', { class: 'strong' }, t(`role.${role}`)), h('span', { class: 'hint' }, t(`role.${role}.text`))));
}

function shownOnce(made, close) {
  const example = `curl -H "Authorization: Bearer ${made.token}" ${location.origin}/v1/status`;
  const heading = h('h2', { tabindex: '-1' }, t('tokens.made', { name: made.name }));
  setTimeout(() => heading.focus());
  return [
    heading,
    h('div', { class: 'dialog-body' },
      h('p', {}, t('tokens.once')),
      codeBox(made.token, { label: t('tokens.copy') }),
      made.role !== 'ingest' && h('div', { class: 'stack tight' }, h('p', { class: 'hint' }, t('tokens.try')), codeBox(example))),
    h('div', { class: 'dialog-foot' }, h('button', { class: 'btn primary', type: 'button', onclick: close }, t('tokens.kept'))),
  ];
}
