// Settings: of this browser, of this session, and the server's own, which its file decides.

import { get } from '../api.js';
import { fill, h } from '../dom.js';
import { setWhen, when } from '../fmt.js';
import { language, LANGUAGES, setLanguage, t } from '../i18n.js';
import { live } from '../live.js';
import { replaceQuery } from '../router.js';
import { signOut } from '../session.js';
import { shortcutSwitch, shortcutTable } from '../shortcuts.js';
import { effect } from '../store.js';
import { setTheme, theme } from '../theme.js';
import { busy, confirm, debounce, emptyState, newId, problemBox, skeleton, toastError } from '../ui.js';

/** @type {import('../router.js').Page} */
export const settings = {
  title: () => t('nav.settings'),
  async mount(main, params, query, { signal }) {
    const session = h('div', {}, skeleton(2));
    const config = h('div', {}, skeleton(8));
    const about = h('div', {}, skeleton(2));
    main.append(
      h('h1', {}, t('nav.settings')),
      h('div', { class: 'settings' },
        h('section', { class: 'card' }, h('h2', {}, t('settings.browser')), browser(signal)),
        h('section', { class: 'card' }, h('h2', {}, t('settings.session')), session),
        h('section', { class: 'card' }, h('h2', {}, t('keys.short')), h('div', { class: 'stack' }, shortcutTable(), shortcutSwitch())),
        h('section', { class: 'card' }, h('h2', {}, t('settings.about')), about)),
      h('section', { class: 'section' }, h('h2', {}, t('settings.config')), h('p', { class: 'lead below' }, t('settings.configText')), config));
    const all = [part(session, () => get('/v1/session', { signal }), showSession), part(about, () => get('/v1/status', { signal }), showAbout),
      part(config, () => get('/v1/config', { signal }), (answer) => showConfig(answer.items, query))];
    await Promise.all(all.map((load) => load(signal)));
  },
};

/** A part of the page that is read by itself: one that fails does not take the others with it. */
function part(node, read, show) {
  const load = async (signal) => {
    try {
      fill(node, show(await read()));
    } catch (error) {
      if (!signal.aborted) fill(node, problemBox(error, () => load(signal)));
    }
  };
  return load;
}

function browser(signal) {
  return h('div', { class: 'stack' },
    choice('settings.language', LANGUAGES.map((one) => [one, t(`language.${one}`)]), language(), setLanguage),
    choice('settings.theme', ['system', 'light', 'dark'].map((one) => [one, t(`theme.${one}`)]), theme(), setTheme),
    liveSwitch(signal));
}

/** One of a few: radio buttons that look like one control. */
function choice(key, options, current, choose) {
  const name = newId('choice');
  return h('fieldset', { class: 'choice' }, h('legend', { class: 'label' }, t(key)),
    h('div', { class: 'segments' }, options.map(([value, text]) => h('label', {},
      h('input', { type: 'radio', name, value, checked: value === current, onchange: () => choose(value) }), text))));
}

function liveSwitch(signal) {
  const input = h('input', { type: 'checkbox', onchange: (event) => (event.target.checked ? live.resume() : live.pause()) });
  effect(() => (input.checked = live.state.value !== 'paused'), signal);
  return h('label', { class: 'check' }, input, h('span', {}, t('settings.live'), h('span', { class: 'hint' }, t('settings.liveText'))));
}

function showSession(session) {
  const out = h('button', { class: 'btn', type: 'button', onclick: () => busy(out, leave(false)) }, t('settings.signOut'));
  const everywhere = h('button', { class: 'btn danger-quiet', type: 'button', onclick: () => busy(everywhere, leave(true)) }, t('settings.everywhere'));
  return h('div', { class: 'stack' },
    h('dl', { class: 'kv' },
      h('dt', {}, t('settings.by')), h('dd', {}, t(`settings.by.${session.by}`)),
      h('dt', {}, t('settings.role')), h('dd', {}, t(`role.${session.role}`)),
      h('dt', {}, t('settings.since')), h('dd', {}, when(session.signed_in_at)),
      h('dt', {}, t('settings.until')), h('dd', {}, when(session.expires_at))),
    h('div', { class: 'row' }, out, everywhere));
}

async function leave(everywhere) {
  if (everywhere && !(await confirm({ title: t('settings.everywhereTitle'), body: t('settings.everywhereText'), action: t('settings.everywhere'), danger: true }))) return;
  try {
    await signOut(everywhere);
  } catch (error) {
    toastError(error);
  }
}

function showAbout(status) {
  const started = when(status.started_at);
  setWhen(started, status.started_at, 'ago');
  return h('div', { class: 'stack' },
    h('dl', { class: 'kv' },
      h('dt', {}, t('facts.version')), h('dd', {}, `ringhook ${status.version}`),
      h('dt', {}, t('settings.started')), h('dd', {}, started),
      h('dt', {}, t('settings.licence')), h('dd', {}, t('settings.licenceText'))),
    h('p', {}, h('a', { href: '#/errors' }, t('keys.errors'))));
}

/** Every setting by section; what is not the default stands out. */
function showConfig(items, query) {
  const search = h('input', { type: 'search', id: newId('search'), value: query.q ?? '', placeholder: 'delivery.timeout', 'data-key': '/' });
  const only = h('input', { type: 'checkbox', checked: query.changed === '1' });
  const found = h('div', {});
  const show = () => {
    const text = search.value.trim().toLowerCase();
    replaceQuery({ q: text, changed: only.checked ? '1' : null });
    const shown = items.filter((item) => (`${item.key} ${item.value}`).toLowerCase().includes(text) && (!only.checked || !isDefault(item)));
    fill(found, shown.length ? configTable(shown) : emptyState({ title: t('settings.noMatch') }));
  };
  search.addEventListener('input', debounce(show, 120));
  only.addEventListener('change', show);
  show();
  return [
    h('div', { class: 'toolbar' },
      h('div', { class: 'field wide' }, h('label', { for: search.id }, t('ui.search')), search),
      h('label', { class: 'check' }, only, h('span', {}, t('settings.changed')))),
    found];
}

const isDefault = ({ origin }) => origin === 'default';

function configTable(items) {
  const head = ['settings.key', 'settings.value', 'settings.origin', 'settings.reload'].map((key) => h('th', { scope: 'col' }, t(key)));
  const rows = items.map((item) => h('tr', {},
    h('td', { class: 'head' }, h('code', { class: 'break' }, item.key)),
    h('td', { 'data-label': t('settings.value') }, h('code', { class: `break${isDefault(item) ? '' : ' strong'}` }, item.value === '' ? '–' : item.value)),
    h('td', { 'data-label': t('settings.origin') }, h('span', { class: `break${isDefault(item) ? ' muted' : ''}` }, originText(item.origin))),
    h('td', { 'data-label': t('settings.reload') }, h('span', { class: 'muted' }, t(item.reloadable ? 'settings.reload.yes' : 'settings.reload.no')))));
  return h('div', { class: 'table-box' }, h('table', { class: 'data config' }, h('thead', {}, h('tr', {}, head)), h('tbody', {}, rows)));
}

/** `default`, `file PATH:LINE`, `environment NAME`, `flag --name`. */
function originText(origin) {
  if (isDefault({ origin })) return t('origin.default');
  const file = /^file (.*):(\d+)$/.exec(origin);
  if (file) return t('origin.file', { file: file[1], line: file[2] });
  return origin.replace(/^(environment|flag) /, (whole, kind) => `${t(`origin.${kind}`)} `);
}
