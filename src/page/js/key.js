// The signature key: hidden until asked for, copied without being shown, rotated in two steps because the original's
// header carries one signature only.

import { get, post } from './api.js';
import { bind, fill, h, icon, slot, tpl } from './dom.js';
import { when } from './fmt.js';
import { t } from './i18n.js';
import { explain } from './outcome.js';
import { announce, busy, confirm, copy, openDialog, toast, toastError } from './ui.js';

/** How long a key stays on the screen. */
const SHOWN_S = 60;

/**
 * The section of the details page.
 * @param {any} endpoint
 * @param {{signal: AbortSignal, changed: () => void}} options `changed` is told when the keys are no longer the same
 */
export function keySection(endpoint, { signal, changed }) {
  const node = tpl('key-section');
  const part = (/** @type {string} */ name) => slot(node, name);
  let timer = 0;
  part('legacy').hidden = endpoint.signature.standard;
  const read = () => get(`/v1/endpoints/${endpoint.id}/key`, { signal });

  const hide = () => {
    clearInterval(timer);
    part('list').hidden = true;
    part('list').replaceChildren();
    part('hidden').hidden = false;
    part('countdown').hidden = true;
    part('reveal-text').textContent = t('key.reveal');
    part('reveal').setAttribute('aria-expanded', 'false');
  };
  const show = (/** @type {any} */ keys) => {
    fill(part('list'), keyRows(keys));
    part('list').hidden = false;
    part('hidden').hidden = true;
    part('reveal-text').textContent = t('key.hide');
    part('reveal').setAttribute('aria-expanded', 'true');
    countDown();
  };
  const countDown = () => {
    let left = SHOWN_S;
    part('countdown').hidden = false;
    const tick = () => {
      part('seconds').textContent = t('key.hides', { seconds: left });
      if (left === 0) hide();
      left -= 1;
    };
    tick();
    timer = window.setInterval(tick, 1000);
  };

  part('reveal').addEventListener('click', async () => {
    if (!part('list').hidden) return hide();
    try {
      show(await busy(part('reveal'), read()));
    } catch (error) {
      toastError(error);
    }
  });
  part('keep').addEventListener('click', () => {
    clearInterval(timer);
    part('countdown').hidden = true;
    part('reveal').focus();
  });
  part('copy').addEventListener('click', async () => {
    try {
      await copy((await busy(part('copy'), read())).key, t('key.copied'));
    } catch (error) {
      toastError(error);
    }
  });
  part('rotate').addEventListener('click', async () => {
    try {
      const keys = await busy(part('rotate'), read());
      hide();
      await rotateDialog(endpoint, keys, changed);
    } catch (error) {
      toastError(error);
    }
  });
  signal.addEventListener('abort', () => clearInterval(timer));
  return node;
}

function keyRows(keys) {
  const rows = [[t('key.title'), keys.key], [t('key.next'), keys.next], [t('key.previous'), keys.previous]];
  return rows.filter(([, key]) => key).map(([name, key]) => h('div', { class: 'key-row' }, h('dt', {}, name), h('dd', {}, keyText(key))));
}

const keyText = (/** @type {string} */ key) => [
  h('code', { class: 'key', translate: 'no' }, key),
  h('button', { class: 'icon-btn small', type: 'button', 'aria-label': t('key.copy'), title: t('key.copy'), onclick: () => copy(key, t('key.copied')) }, icon('copy')),
];

/** Creates the next key, tries it, switches to it; or replaces a leaked one at once. */
async function rotateDialog(endpoint, keys, changed) {
  const node = /** @type {HTMLDialogElement} */ (tpl('rotate-dialog'));
  const part = (/** @type {string} */ name) => slot(node, name);
  const url = `/v1/endpoints/${endpoint.id}`;
  bind(node, { heading: t('key.dialog', { title: endpoint.title }) });
  let tested = false;

  const show = () => {
    const { next } = keys;
    part('step1').classList.toggle('done', Boolean(next));
    part('create').hidden = Boolean(next);
    part('next').hidden = !next;
    fill(part('next'), next ? keyText(next) : '');
    for (const name of ['try', 'switch']) part(name).disabled = !next;
    part('step2').classList.toggle('done', tested);
  };
  /** A button's work: the buttons of the dialog tell of errors the same way. */
  const does = (/** @type {string} */ name, /** @type {() => Promise<void>} */ work) => {
    part(name).addEventListener('click', () => {
      if (part(name).getAttribute('aria-busy') !== 'true') busy(part(name), work()).catch(toastError);
    });
  };
  does('create', async () => {
    keys = await post(`${url}/key`, { action: 'next' });
    changed();
    show();
    part('try').focus();
  });
  does('try', async () => {
    const attempt = await post(`${url}/test`, { event: firstType(endpoint), key: 'next' });
    const verdict = explain(attempt);
    tested = verdict.tone === 'ok';
    const words = tested ? t('key.step2.ok', { status: verdict.label }) : `${verdict.label} – ${verdict.title}. ${verdict.advice}`;
    fill(part('tried'), [icon(tested ? 'check' : 'warning'), h('span', {}, when(attempt.at, 'clock'), ' ', words)]);
    part('tried').className = `tried ${verdict.tone}`;
    part('tried').hidden = false;
    announce(words);
    show();
  });
  does('switch', async () => {
    if (!tested && !(await confirm({ title: t('key.step3'), body: t('key.step3.unsure'), action: t('key.step3.action') }))) return;
    keys = await post(`${url}/key`, { action: 'promote' });
    changed();
    node.close();
    toast(t('key.step3.done'), 'ok');
  });
  does('replace', async () => {
    const question = { title: t('key.leaked.sure', { title: endpoint.title }), body: t('key.leaked.text'), action: t('key.leaked.action'), danger: true };
    if (!(await confirm(question))) return;
    keys = await post(`${url}/key`, { action: 'replace' });
    tested = false;
    changed();
    part('steps').hidden = true;
    fill(part('replaced'), [h('p', {}, t('key.leaked.done')), h('p', { class: 'key-line' }, keyText(keys.key))]);
    part('replaced').hidden = false;
    part('leaked').hidden = true;
  });
  show();
  await openDialog(node);
}

/** The first type it names, or the end of a call. */
export function firstType(/** @type {any} */ endpoint) {
  const types = endpoint.events.map((one) => (typeof one === 'string' ? one : one.type));
  return types.find((type) => type !== '*' && !type.startsWith('endpoint:')) ?? 'call:completed';
}
