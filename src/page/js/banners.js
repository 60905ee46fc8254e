// What concerns every page: the server is out of reach, its disk is low, it is stopping.

import { server } from './api.js';
import { bind, h, tpl } from './dom.js';
import { ago, clock } from './fmt.js';
import { onLanguage, t } from './i18n.js';
import { live } from './live.js';
import { effect } from './store.js';

// The pill in the header says at once that the server is away; a banner only when it stays so.
const OFFLINE_BANNER_MS = 30_000;

/** @type {Map<string, HTMLElement>} */
const shown = new Map();
/** @type {HTMLElement} */
let region;
let offlineSince = 0;

export function startBanners(/** @type {HTMLElement} */ into) {
  region = into;
  effect(() => {
    offlineSince = server.reachable.value ? 0 : offlineSince || Date.now();
    update();
  });
  effect(() => {
    server.trouble.value;
    update();
  });
  onLanguage(update);
  setInterval(update, 1000);
}

function update() {
  const trouble = server.trouble.peek();
  set('disk', trouble === 'disk' && { text: t('banner.disk'), act: h('a', { class: 'btn small', href: '#/errors/RH-0354' }, t('banner.why')) });
  set('stopping', trouble === 'stopping' && { text: t('banner.stopping') });
  set('offline', offlineSince > 0 && Date.now() - offlineSince >= OFFLINE_BANNER_MS && {
    text: `${t('banner.offline', { at: clock(server.lastAt.peek()) })} ${retrying()}`,
    act: h('code', {}, 'systemctl status ringhook'),
  });
}

function retrying() {
  const at = live.retryAt.peek();
  return at > Date.now() ? t('banner.retrying', { when: ago(at) }) : t('banner.retryingNow');
}

function set(name, content) {
  const known = shown.get(name);
  if (!content) {
    known?.remove();
    shown.delete(name);
    return;
  }
  const node = known ?? tpl('banner');
  if (!known) {
    node.classList.add(name);
    node.setAttribute('role', 'alert');
    bind(node, { act: content.act });
    shown.set(name, node);
    region.append(node);
  }
  bind(node, { text: content.text });
}
